#!/usr/bin/env bash
# Finding: tritonclient's HTTP client sends inference requests without any Content-Type, JSON and raw
#   bytes in one body as well as plain JSON; the header Inference-Header-Content-Length alone tells them apart.
# Versions: tritonclient 2.73.0, numpy 2.4.6 (pinned below), Python 3.11
# Documented: the protocol's binary extension defines Inference-Header-Content-Length and says nothing of
#   Content-Type; its examples show "Content-Type: application/octet-stream".
# Guessed: application/octet-stream with bytes, application/json without, so a server may go by it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check 'tritonclient[http]==2.73.0' numpy==2.4.6
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(tritonclient|numpy)=='

"$python" - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import tritonclient.http as triton

seen = []


class Server(BaseHTTPRequestHandler):
    """Answers every request with one number, and keeps its headers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        seen.append(dict(self.headers))
        outputs = [{"name": "y", "datatype": "FP32", "shape": [1], "data": [1.0]}]
        answer = json.dumps({"model_name": "m", "model_version": "1", "outputs": outputs}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = triton.InferenceServerClient(f"127.0.0.1:{server.server_port}")
for is_binary in (True, False):
    given = triton.InferInput("x", [1, 4], "UINT8")
    given.set_data_from_numpy(np.zeros((1, 4), np.uint8), binary_data=is_binary)
    wanted = triton.InferRequestedOutput("y", binary_data=is_binary)
    client.infer("m", [given], outputs=[wanted])
for kind, headers in zip(("bytes", "JSON"), seen):
    print(f"{kind}:", {name: value for name, value in headers.items() if name not in {"Host", "User-Agent"}})
names = [{name.lower() for name in headers} for headers in seen]
has_length = ["inference-header-content-length" in each for each in names]
if not any("content-type" in each for each in names) and has_length == [True, False]:
    print("As found: no Content-Type in either, the length of the JSON only with bytes.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
