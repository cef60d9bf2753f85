"""Programs that ask the HTTP API about a picture, ready to be copied."""

from __future__ import annotations

_PYTHON = """\
import base64, json, urllib.request

with open("picture.jpg", "rb") as file:
    picture = base64.b64encode(file.read()).decode()
request = urllib.request.Request(
    "{address}",
    data=json.dumps({{"pictures": [{{"data": picture}}]}}).encode(),
    headers={headers},
)
with urllib.request.urlopen(request) as response:
    (answer,) = json.load(response)["predictions"]
print(answer["labels"], answer["classes"])
"""


def curl_example(address: str, run: str, *, needs_token: bool) -> str:
    """Write a command that classifies a picture.

    Args:
        address: of the server, such as ``http://localhost:8501``.
        run: name of the run.
    """
    token = '-H "Authorization: Bearer TOKEN" ' if needs_token else ""
    return f'curl {token}-F picture=@picture.jpg "{_predict_address(address, run)}"'


def python_example(address: str, run: str, *, needs_token: bool) -> str:
    """Write a Python program that classifies a picture; arguments as for ``curl_example``."""
    headers = '{"Content-Type": "application/json"'
    headers += ', "Authorization": "Bearer TOKEN"}' if needs_token else "}"
    return _PYTHON.format(address=_predict_address(address, run), headers=headers)


def _predict_address(address: str, run: str) -> str:
    return f"{address}/api/v1/runs/{run}/predict?top=3"
