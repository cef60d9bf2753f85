#!/usr/bin/env bash
# Finding: an Open Inference Protocol server whose addresses are a Starlette Mount("/v2") passes tritonclient's
#   health checks and fails its get_server_metadata(): the client asks /v2, gets a 307 to /v2/, and follows none.
# Versions: tritonclient 2.73.0, starlette 1.10.0, uvicorn 0.54.0 (pinned below), Python 3.11
# Documented: Starlette's issue 869 tells of the redirect; that the client follows none is said nowhere.
# Guessed: a Route("/") inside the mount answers /v2 too, or the client goes where it is sent.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
  'tritonclient[http]==2.73.0' starlette==1.10.0 uvicorn==0.54.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(tritonclient|starlette|uvicorn|geventhttpclient)=='

"$python" - <<'PY'
import socket
import sys
import threading
import time
import urllib.request

import tritonclient.http as triton
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route


async def metadata(request):
    return JSONResponse({"name": "server", "version": "1", "extensions": []})


async def live(request):
    return JSONResponse({})


app = Starlette(routes=[Mount("/v2", routes=[Route("/", metadata), Route("/health/live", live)])])
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
port = listening.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
while not server.started:
    time.sleep(0.05)

client = triton.InferenceServerClient(f"127.0.0.1:{port}")
is_live = client.is_server_live()
print("is_server_live():     ", is_live)
try:
    answer = str(client.get_server_metadata())
except triton.InferenceServerException as error:
    answer = str(error)
print("get_server_metadata():", answer)
with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2") as response:
    print("urllib ends at:       ", urllib.request.urlparse(response.url).path)
if is_live and "307" in answer:
    print("As found: the client stops at the redirect.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
