"""Receives webhooks and prints what they tell: SECRET=whsec_... python receive_webhook.py PORT"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SECRET"])
seen: set[str] = set()  # in a real receiver: a table, with the webhook-id as its key


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            told = webhook.verify(body, dict(self.headers))  # the bytes as they came, never parsed and written again
        except WebhookVerificationError as error:
            self.send_error(401, str(error))
            return
        if self.headers["webhook-id"] not in seen:
            print(told["type"], told["data"]["rule"], told["data"]["what"], flush=True)
            seen.add(self.headers["webhook-id"])
        self.send_response(204)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
