# SPDX-License-Identifier: MIT
"""Certificates, made as they are needed."""

import base64
import datetime
import ipaddress
import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .ws import DEADLINE


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject, issuer, key):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1)))


def _pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def _key_pem(key, encryption=serialization.NoEncryption()):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             encryption)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, name="test authority"):
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cert = (_builder(name, name, self.key)
                     .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                     .sign(self.key, hashes.SHA256()))
        self.pem = _pem(self.cert)

    def issue(self, name, addresses=()):
        """(certificate, key) for a host, in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name)] + [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
        cert = (_builder(name, self.name, key)
                .add_extension(x509.SubjectAlternativeName(names), critical=False)
                .sign(self.key, hashes.SHA256()))
        return _pem(cert), _key_pem(key)


def encrypted(key_pem, password=b"secret"):
    key = serialization.load_pem_private_key(key_pem, None)
    return _key_pem(key, serialization.BestAvailableEncryption(password))


def given(pem, form, path):
    """The PEM as a value of the configuration: the text, its base64, or a file's path."""
    if form == "file":
        path.write_bytes(pem)
        return str(path)
    return pem.decode() if form == "text" else base64.b64encode(pem).decode()


def handshake(address, version):
    """Tries one version of TLS; the one that was agreed on, or None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    try:
        with socket.create_connection(address, DEADLINE) as sock, \
                context.wrap_socket(sock) as secured:
            return secured.version()
    except (ssl.SSLError, ConnectionError):
        return None
