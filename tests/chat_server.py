"""A server that speaks the protocol of OpenAI's chat completions on 127.0.0.1, well or badly.

Each test says what it replies, so that expectations follow from the reply alone.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from spatialevo_parsers.llm_settings import Settings


def completion(content):
    return json.dumps({"choices": [{"index": 0, "message": {"content": content}}]}).encode()


class Server(ThreadingHTTPServer):
    """Replies with each of `script` in turn, the last one for ever; keeps what it was asked."""

    daemon_threads = True

    def __init__(self, *script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.asked, self.over = list(script), [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address):
        """A client that hangs up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers, body))
        script = self.server.script
        act = script.pop(0) if len(script) > 1 else script[0]
        act(self)

    def log_message(self, *args):
        """Tests are quiet."""

    def send(self, body, status=200, **headers):
        self.send_response(status)
        kept = {"Content-Type": "application/json", "Content-Length": str(len(body))} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        for name, value in kept.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def says(content):
    return lambda handler: handler.send(completion(content))


def sends(body, status=200, **headers):
    return lambda handler: handler.send(body, status, **headers)


def drops(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def drops_in_the_middle(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    drops(handler)


def waits(handler):
    handler.server.over.wait(30)


def trickles(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        if handler.server.over.wait(0.05):
            return


@contextmanager
def speaking(*script):
    """A server with this script, at work."""
    with Server(*script) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def settings_of(server, **settings):
    """The settings that name this server's model, never tried twice and soon given up."""
    return Settings(
        **{"model": "tiny/model", "url": server.url, "retries": 0, "timeout_s": 5} | settings
    )
