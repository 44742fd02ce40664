"""A user's own PKI for a data directory, made with openssl: CA, admin certificate (system:masters), RSA key for tokens."""
import pathlib
import subprocess


def openssl(*args, **kw):
    subprocess.run(["openssl", *args], check=True, capture_output=True, **kw)


def make(data):
    pki = pathlib.Path(data, "pki")
    pki.mkdir(parents=True, exist_ok=True)
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *ec, "-keyout", pki / "ca.key", "-out", pki / "ca.crt", "-days", "3650", "-subj", "/CN=test-ca",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
    openssl("req", *ec, "-keyout", pki / "admin.key", "-out", pki / "admin.csr", "-subj", "/O=system:masters/CN=kubernetes-admin")
    (pki / "ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n")
    openssl("x509", "-req", "-in", pki / "admin.csr", "-CA", pki / "ca.crt", "-CAkey", pki / "ca.key", "-CAcreateserial",
            "-out", pki / "admin.crt", "-days", "365", "-extfile", pki / "ext")
    openssl("genrsa", "-out", pki / "sa.key", "2048")
    for name in ("admin.csr", "ext", "ca.srl"):
        (pki / name).unlink(missing_ok=True)
    return pki
