"""Receives webhooks as a program of their receiver would, and prints when each came: `python -m bench.receiver PORT`.

SECRET in the environment is what they are verified with. What is not genuine is refused, and so never counts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

READY = "ready"


class Receiver(BaseHTTPRequestHandler):
    webhook: Webhook

    def do_POST(self) -> None:
        at_s = time.time()  # when it has arrived, not when it has been verified
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            told = self.webhook.verify(body, dict(self.headers))
        except WebhookVerificationError as error:
            self.send_error(401, str(error))
            return
        self.send_response(204)
        self.end_headers()
        print(json.dumps({"at_s": at_s, "type": told["type"], **told["data"]}), flush=True)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""


if __name__ == "__main__":
    Receiver.webhook = Webhook(os.environ["SECRET"])
    with HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver) as server:
        print(READY, flush=True)
        server.serve_forever()
