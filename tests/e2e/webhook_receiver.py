"""A receiver of webhooks, a process: `python webhook_receiver.py PORT SECRET_FILE LOG BUSY`.

Each request becomes a line of JSON in LOG: whether the library that receivers use finds it genuine, its webhook-id and
its body. The first BUSY genuine ones are answered 503. It takes its time, so that a storm lasts.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

PORT, SECRET, LOG, BUSY = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
webhook = Webhook(SECRET.read_text().strip())
lock = threading.Lock()
genuine = 0


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        global genuine
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            webhook.verify(body, dict(self.headers))
            is_genuine = True
        except WebhookVerificationError:
            is_genuine = False
        with lock:
            genuine += is_genuine
            status = 401 if not is_genuine else 503 if genuine <= BUSY else 204
            line = {"genuine": is_genuine, "id": self.headers["webhook-id"], "body": body.decode(), "status": status}
            with LOG.open("a") as log:
                log.write(json.dumps(line) + "\n")
        time.sleep(0.01)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
