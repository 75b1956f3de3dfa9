"""What an operator's cert-manager would put into a Secret: a certificate, its key, and its CA."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path


@cache
def issued() -> dict[str, str]:
    """One that signed itself, made anew for each run."""
    with tempfile.TemporaryDirectory() as root:
        key, certificate = Path(root) / "tls.key", Path(root) / "tls.crt"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=checks",
                "-addext",
                "subjectAltName=DNS:checks",
                "-keyout",
                key,
                "-out",
                certificate,
            ],
            check=True,
            capture_output=True,
        )
        return {"ca.crt": certificate.read_text(), "tls.crt": certificate.read_text(), "tls.key": key.read_text()}
