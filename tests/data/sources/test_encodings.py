"""Texts that are not UTF-8 are read in the encoding of their language, or called unsure."""

from __future__ import annotations

import pytest

from core.data.sources.encodings import decode_names, decode_text, decode_with_encoding

# A few classes as people write them.
TEXTS = {
    "cp950": "貓\n狗\n老虎\n獅子\n蘋果\n香蕉\n正常\n不良品",
    "cp949": "고양이\n강아지\n호랑이\n사자\n정상\n불량\n균열\n꽃",
    "gb18030": "猫\n狗\n老虎\n狮子\n苹果\n香蕉\n正常\n不良品",
    "cp932": "猫\n犬\nトラ\nライオン\nりんご\n正常\n不良品",
    "euc_jp": "猫\n犬\nトラ\nライオン\nりんご\n正常\n不良品",
    "cp1250": "kočka\npes\nkůň\nřeka\nměsto\nžába",
    "cp1252": "chèvre\nchêne\nhêtre\ncrème\nœuvre\nétagère",
    "cp1254": "köpek\nkuş\nbalık\nçiçek\nağaç\ntavşan",
    "cp1251": "кошка\nсобака\nптица",
    "koi8-r": "кошка\nсобака\nптица",
    "cp1253": "γάτα\nσκύλος",
}
OTHERS = [
    ("cp1250", "macska\nkutya\nőz\nszürke ló\nfűzfa\nnyúl"),
    ("cp1250", "łąka\nżółw\npies\nźrebię"),
    ("cp1250", "mačka\nčaplja\nšaka\nžaba\nmiš"),
    ("cp1252", "señal\nniño\náguila\ngorrión"),
    ("cp1252", "cão\npássaro\nmaçã\nleão\nórgãos"),
    ("cp1252", "rød ræv\nblå hval\nhøne"),
    ("cp1252", "Äpfel\nBirnen\nKäse\nÜbungen"),
    ("cp1252", "caffè\ncittà\nragù"),
    ("cp1252", "l’étang\nla forêt d’été"),
    ("cp1257", "šuo\nkatė\nžuvis\nąžuolas"),
    ("cp949", "정상\n불량"),
    ("cp950", "貓\n狗\n老虎"),
    ("gb18030", "合格\n不合格"),
    ("cp932", "ネコ\nイヌ"),
]


@pytest.mark.parametrize(("encoding", "text"), [*TEXTS.items(), *OTHERS])
def test_a_text_is_read_in_the_encoding_of_its_language(encoding: str, text: str) -> None:
    assert decode_text(f"file,label\n{text}\n".encode(encoding)) == f"file,label\n{text}\n"


@pytest.mark.parametrize(("encoding", "text"), TEXTS.items())
def test_several_words_settle_the_encoding(encoding: str, text: str) -> None:
    assert decode_with_encoding(text.encode(encoding))[1].is_sure


@pytest.mark.parametrize(
    ("encoding", "text", "rival"),
    [
        ("cp1252", "chêne", "chęne"),  # Polish has that letter
        ("cp1250", "őz", "õz"),  # Portuguese has that one
        ("cp1250", "čtverec", "ètverec"),
        ("cp1255", "חתול\nכלב", "зъем\nлмб"),
        ("gb18030", "氮气", "뎁폭"),
    ],
)
def test_few_words_leave_the_encoding_unsure(encoding: str, text: str, rival: str) -> None:
    """Either is one of the two that are named, and the user decides."""
    found, guess = decode_with_encoding(text.encode(encoding))
    assert not guess.is_sure
    assert {found, guess.in_rival(found)} == {text, rival}


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp1256", "قطة\nكلب"), ("cp874", "แมว\nสุนัข"), ("mac_roman", "chèvre\nétagère")]
)
def test_an_encoding_that_is_not_known_is_called_so(encoding: str, text: str) -> None:
    assert not decode_with_encoding(text.encode(encoding))[1].is_recognised


def test_classes_beyond_the_first_thousand_lines_count() -> None:
    rows = [f"{number}.jpg,chêne" for number in range(3000)] + [
        f"{number}.jpg,érable" for number in range(3000)
    ]
    assert decode_with_encoding("\n".join(rows).encode("cp1252"))[1].is_sure


def test_xml_states_its_encoding() -> None:
    text = '<?xml version="1.0" encoding="big5"?><annotation><object><name>貓</name></object></annotation>'
    assert decode_text(text.encode("big5")) == text
    assert decode_text(text.replace("big5", "nonsense").encode()) == text.replace("big5", "nonsense")


def test_xml_that_states_another_encoding_is_no_utf_8_by_chance() -> None:
    """“猫” of Chinese Windows is the letter “è” in UTF-8."""
    text = '<?xml version="1.0" encoding="gb2312"?><name>猫</name>'
    assert decode_text(text.encode("gb2312")) == text


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp850", ["chèvre/1.png", "pão/2.png"]),
        ("cp437", ["Käse/1.png", "Äpfel/2.png"]),
        ("cp852", ["kočka/1.png", "kůň/2.png"]),
        ("cp857", ["kuş/1.png", "ağaç/2.png", "balık/3.png"]),
        ("cp949", ["고양이/1.png", "강아지/2.png"]),
        ("cp950", ["貓/1.png", "狗/2.png", "老虎/3.png"]),
        ("cp1251", ["кошка/1.png", "собака/2.png"]),
        ("cp1252", ["chèvre/1.png", "étagère/2.png"]),
    ],
)
def test_names_in_an_archive_are_read_as_windows_or_dos_wrote_them(encoding: str, names: list[str]) -> None:
    assert decode_names([name.encode(encoding) for name in names]) == names
