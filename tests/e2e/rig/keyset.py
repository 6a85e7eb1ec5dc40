# SPDX-License-Identifier: MIT
"""A web server that publishes key sets (JWKS), as an identity provider does."""

import datetime
import http.server
import ipaddress
import json
import ssl
import threading

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .server import HOST
from .ws import DEADLINE

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


class Key:
    """A private key with an id; `alg` is what its tokens are signed with."""

    def __init__(self, alg, kid):
        self.alg, self.kid = alg, kid
        if alg in CURVES:
            self.private = ec.generate_private_key(CURVES[alg])
        elif alg == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self, **change):
        """The public half; a member set to None is left out."""
        algorithm = jwt.get_algorithm_by_name(self.alg)
        members = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        members.pop("key_ops", None)
        members.update({"kid": self.kid, "use": "sig", "alg": self.alg, **change})
        return {name: value for name, value in members.items() if value is not None}

    def token(self, sub="u1", alg=None, kid=None, **claims):
        return jwt.encode({"sub": sub, **claims}, self.private, algorithm=alg or self.alg,
                          headers={"kid": kid or self.kid})


def certificate(file):
    """Writes a certificate for HOST, signed by itself, with its key behind it."""
    key = ec.generate_private_key(CURVES["ES256"])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.timezone.utc)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(1))
            .not_valid_after(now + datetime.timedelta(1))
            .add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(HOST))]), False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256()))
    file.write_bytes(
        cert.public_bytes(serialization.Encoding.PEM) +
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption()))
    return file


class KeyServer:
    """Answers GETs with what was published for their path.  While the gate is shut,
    requests arrive and wait.  With a `certificate` it speaks https."""

    def __init__(self, certificate=None):
        self.bodies, self.status = {}, 200
        self.redirects = {}
        self.requests = []
        self.changed = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        class Httpd(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass        # a client that does not like the certificate

        self.httpd = Httpd((HOST, 0), Handler)
        self.httpd.daemon_threads = True
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.httpd.socket = context.wrap_socket(
                self.httpd.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.httpd.serve_forever, args=(0.05,))
        self.thread.start()

    def answer(self, handler):
        with self.changed:
            status = self.status if handler.path in self.bodies else 404
            body = self.bodies.get(handler.path, b"")
            target = self.redirects.get(handler.path)
            self.requests.append(handler.path)
            self.changed.notify_all()
        self.gate.wait()
        try:
            handler.send_response(302 if target else status)
            if target:
                handler.send_header("Location", target)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass        # it has given up

    def publish(self, *keys, path="/keys"):
        """Keys, or JWKs, or the text of a set."""
        if keys and isinstance(keys[0], str):
            body = keys[0].encode()
        else:
            jwks = [key.jwk() if isinstance(key, Key) else key for key in keys]
            body = json.dumps({"keys": jwks}).encode()
        with self.changed:
            self.bodies[path] = body

    def url(self, path="/keys", user=""):
        return f"{self.scheme}://{user}{HOST}:{self.httpd.server_port}{path}"

    def wait_requests(self, n):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= n, DEADLINE), self.requests

    def close(self):
        self.gate.set()
        self.httpd.shutdown()
        self.thread.join()
        self.httpd.server_close()
