"""Detection of Chinese, Japanese and Korean encodings: the decoding that is the most probable text.

Their bytes overlap: two bytes of a Korean syllable are a Chinese character too. Each encoding
is a model of text, which draws characters from the frequent ones of its language, otherwise
from the everyday ones. Each distinct character counts once (naive Bayes).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

# Of the characters must be frequent or everyday ones, for an encoding to be accepted.
_MIN_SHARE = 0.6
# Common logarithms: of the odds that settle an encoding, and of the probability of other signs.
_CLEAR, _USUAL_SIGN, _OTHER = 2.0, -3.0, -7.0
_USUAL_SIGNS = frozenset("，。、；：？！（）《》【】「」『』“”‘’·・—…～－\u3000")
_SIMPLIFIED = frozenset(
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真打太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难望教命花结乐色更拉东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带万男边风解叫任金快原吃变通师立象数四失满战远格士音轻目条"
    "标签类别件图片径编号层红黄蓝绿黑灰橙紫粉棕猫狗犬鸟鱼牛羊猪鸡鸭鹅兔鼠虎狮熊狼猴蛇龟虫蝶蜂橘短毛草树叶果木玫瑰菊苹香蕉梨桃葡萄瓜番茄豆米麦玉合格不良品缺陷划痕裂纹孔污渍正常异病健康阴阳左右前损坏破完整人脸猿象鹿豹驴鹰鸽雀燕蛙鳄蟹虾贝铁钢纸布玻璃塑料厨余垃圾回收害其"
)
_TRADITIONAL = frozenset(
    "的一是了我不人在他有這個上們來到時大地為子中你說生國年著就那和要她出也得裡後自以會家可下而過天去能對小多然於心學麼之都好看起發當沒成只如事把還用第樣道想作種開美總從無情己面最女但現前些所同日手又行意動方期它頭經長兒回位分愛老因很給名法間斯知世什兩次使身者被高已親其進此話常與活正感見明問力理爾點文幾定本公特做外孩相西果走將月十實向聲車全信重三機工物氣每並別真打太新比才便夫再書部水像眼等體卻加電主界門利海受聽表德少克代員許先口由死安寫性馬光白或住難望教命花結樂色更拉東神記處讓母父應直字場平報友關放至張認接告入笑內英軍候民歲往何度山覺路帶萬男邊風解叫任金快原吃變通師立象數四失滿戰遠格士音輕目條"
    "標籤類別件圖片徑編號檔案層紅黃藍綠黑灰橙紫粉棕貓狗犬鳥魚牛羊豬雞鴨鵝兔鼠虎獅熊狼猴蛇龜蟲蝶蜂橘短毛草樹葉果木玫瑰菊蘋香蕉梨桃葡萄瓜番茄豆米麥玉合格良品缺陷劃痕裂紋孔污漬正常異病健康陰陽左右損壞破完整臉象鹿豹驢鷹鴿雀燕蛙鱷蟹蝦貝鐵鋼紙布玻璃塑料廚餘垃圾回收害"
)
_KOREAN = frozenset(
    "가각간갈감강개객거건걸검것게겨결경계고곡곤골공과관광괴교구국군굴궁권귀규균그극근글금급기긴길김깊까깨꼬꽃끼나난날남내너널네녀년노녹논놀농높누눈뉴느는늘능니다단달닭담당대더덕데도독돈돌동돼되된두둑둘드득든들등디따때떡떨또뚜라락란람랑래략량러럭런럼레려력련렬령례로록론료루류륙르른를름리린림립마막만말맑망맞매머먹멀메면명모목몸못무묵문물미민밀바박반받발밤방배백뱀버번벌범법베벽변별병보복본볼봄봉부북분불붉브블비빈빛빨사산살삼상새색생서석선설섬성세센셀소속손솔송쇠수숙순술숲쉬스슬습승시식신실심십싱쌀쓰씨아악안알암앙애야약양어억언얼엄업없에여역연열염영예오옥온올옷와완왕외요욕용우운울움웃원월위유육윤은을음응의이인일임입잎자작잔잠장재쟁저적전절점접정제조족종좋좌죄주죽준줄중쥐증지직진질집짐차착찬참창채책처척천철첫청체초촉총추축출충취치친침카칼커컨코콩크키타탁탄탈탑태택터털테토톱통투트특파판팔패퍼페편평포폭표품풀프플피필하학한할함합항해핵햄행향허험현혈협형호홍화확환활황회획효후훈휴흑흔흰히"
)
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
# In words with accents, bytes look like single characters between letters.
_IN_WORDS = re.compile(r"[a-z][^\x00-\x7f]+|[^\x00-\x7f]+[a-z]")
_KANA = frozenset(map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), 0x30FC)))


@dataclass(frozen=True, kw_only=True)
class _Model:
    """Text in one encoding."""

    encoding: str
    frequent: frozenset[str]
    # Of the characters are frequent ones.
    share: float
    # Codec, first bytes and number of the everyday characters.
    narrow: str
    leads: range
    count: int
    # Common logarithm of how much more usual its files are.
    prior: float = 0.0

    def is_everyday(self, character: str) -> bool:
        try:
            code = character.encode(self.narrow)
        except UnicodeEncodeError:
            return False
        return len(code) == 2 and code[0] in self.leads

    def log_probability(self, character: str) -> float:
        if character in self.frequent:
            return math.log10(self.share / len(self.frequent))
        if character in _USUAL_SIGNS:
            return _USUAL_SIGN
        return math.log10((1 - self.share) / self.count) if self.is_everyday(character) else _OTHER

    def is_known(self, character: str) -> bool:
        return character in self.frequent or character in _USUAL_SIGNS or self.is_everyday(character)


_LEVEL_1 = range(0xB0, 0xD0)
_MODELS = (
    _Model(
        encoding="gb18030", frequent=_SIMPLIFIED, share=0.6, narrow="gb2312", leads=range(0xB0, 0xD8),
        count=3755, prior=1.5,
    ),
    _Model(
        encoding="cp950", frequent=_TRADITIONAL, share=0.6, narrow="big5", leads=range(0xA4, 0xC7), count=5401
    ),
    _Model(
        encoding="cp949", frequent=_KOREAN, share=0.9, narrow="euc_kr", leads=range(0xB0, 0xC9), count=2350
    ),
    _Model(encoding="cp932", frequent=_KANA, share=0.6, narrow="euc_jp", leads=_LEVEL_1, count=2965),
    _Model(encoding="euc_jp", frequent=_KANA, share=0.6, narrow="euc_jp", leads=_LEVEL_1, count=2965),
)  # fmt: skip


def guess_asian(sample: bytes) -> tuple[str, str] | None:
    """The most probable encoding and the next one, "" if that is clearly less probable; None if none fits."""
    scores = {model.encoding: score for model in _MODELS if (score := _score(model, sample)) is not None}
    if not scores:
        return None
    best, *others = sorted(scores, key=lambda encoding: -scores[encoding])
    rival = others[0] if others and scores[best] - scores[others[0]] < _CLEAR else ""
    return best, rival


def _score(model: _Model, sample: bytes) -> float | None:
    """Common logarithm of the probability of a text; None if it is none in this encoding."""
    try:
        text = sample.decode(model.encoding)
    except UnicodeDecodeError:
        return None
    if 2 * len(_IN_WORDS.findall(text)) > len(_FOREIGN.findall(text)):
        return None
    characters = {sign for sign in text if not sign.isascii()}
    known = sum(map(model.is_known, characters))
    if not characters or known < _MIN_SHARE * len(characters):
        return None
    return model.prior + sum(map(model.log_probability, characters))
