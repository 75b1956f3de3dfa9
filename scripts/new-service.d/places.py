"""Where a service is named beside its own files: a line each, in lists that say what they are lists of."""

from pathlib import Path

from checkout import Checkout
from names import Names

TEMPLATES = Path(__file__).parent / "templates"
PIECES = Path(__file__).parent / "pieces"
SUITE_TESTS = "services/all-in-one/tests/suite"


def write(copy: Checkout, names: Names) -> None:
    templates(copy, names)
    crates(copy, names)
    all_in_one(copy, names)
    policy(copy, names)
    cluster(copy, names)
    compose(copy, names)
    edge(copy, names)


def templates(copy: Checkout, names: Names) -> None:
    """Its own files: templates/ has them at their places, called after boats."""
    for template in sorted(it for it in TEMPLATES.rglob("*") if it.is_file()):
        path = str(template.relative_to(TEMPLATES))
        copy.add(names.put_into(path), names.put_into(template.read_text()), template.stat().st_mode & 0o777)


def crates(copy: Checkout, names: Names) -> None:
    line = f'{names.plural} = {{ path = "services/{names.plural}", default-features = false }}'
    behind(copy, "Cargo.toml", r"^# The house\.\n(?:\w[\w-]* = .*\n)*", f"{line}\n", "the crates of the house")
    line = f'{names.plural} = {{ workspace = true, features = ["sqlite"] }}'
    behind(copy, "services/all-in-one/Cargo.toml", r"^\[dependencies\]\n(?:\w.*\n)*", f"{line}\n", "[dependencies]")


def all_in_one(copy: Checkout, names: Names) -> None:
    parts = "services/all-in-one/src/parts.rs"
    module = f"mod {names.plural};\n"
    behind(copy, parts, r"^(?:mod \w+;\n)+", module, "its modules")
    copy.extend(parts, r"^pub const PARTS: &\[Part\] =", f"{names.plural}::PART", "the list PARTS")
    behind(copy, f"{SUITE_TESTS}/main.rs", r"^(?:mod \w+;\n)+", module, "its modules")


def policy(copy: Checkout, names: Names) -> None:
    """Sessions tells it whose sessions have ended, and the table of who may call has its methods."""
    name = f'"{names.plural}"'
    copy.extend("services/sessions/src/policy.rs", r"^const KNOW_PEOPLE: &\[&str\] =", name, "the list KNOW_PEOPLE")
    table = f"{SUITE_TESTS}/policy.rs"
    copy.extend(table, r"^const CALLERS: &\[&str\] =", name, "the list CALLERS")
    copy.extend(table, r'"fairlead\.sessions\.v1\.SessionsService/WatchRevocations",', name, "the row of WatchRevocations")
    service = f"fairlead.{names.plural}.v1.{names.plural.capitalize()}Service"
    one, all_ = names.singular.capitalize(), names.plural.capitalize()
    methods = [f"Create{one}", f"Get{one}", f"List{all_}", f"Update{one}", f"Delete{one}"]
    rows = "".join(f'    ("{service}/{method}", &["user", "admin"]),\n' for method in methods)
    behind(copy, table, r"^const TABLE: (?:.*\n)+?(?=\];\n)", rows, "the list TABLE")


def cluster(copy: Checkout, names: Names) -> None:
    deploy = "deploy/kustomize"
    for folder in (f"{deploy}/base", f"{deploy}/components/migrate-job"):
        listed = r"^resources:\n(?:- [a-z-]+\n)+"
        behind(copy, f"{folder}/kustomization.yaml", listed, f"- {names.plural}\n", "the services under resources")
    stores = f"{deploy}/components/stores/kustomization.yaml"
    peer = f"  - {names.plural}.pem=secrets/peers/{names.plural}.pem\n"
    behind(copy, stores, r"^- name: peers\n  files:\n(?:  - .*\n)+", peer, "the files of peers")
    behind(copy, stores, r"^secretGenerator:\n", piece(names, "dev-secrets.yaml"), "secretGenerator")
    passwords = r"^- name: postgres\n  files:\n(?:  - .*\n)+"
    behind(copy, stores, passwords, piece(names, "dev-passwords.yaml"), "the files of the Secret postgres")
    mtls = f"{deploy}/components/mtls/kustomization.yaml"
    before(copy, mtls, r"^replacements:\n", piece(names, "mtls-settings.yaml"), "the end of configMapGenerator")
    behind(copy, mtls, r"^replacements:\n", piece(names, "mtls-secret.yaml"), "replacements")
    production = f"{deploy}/overlays/production/kustomization.yaml"
    behind(copy, production, r"^#(?:   Secret .*\n#)*   Secret .*\n", piece(names, "production-secrets.yaml"), "Secrets")
    behind(copy, production, r"^#   ConfigMap peers .*", f", {names.plural}.pem", "the files of peers")
    before(copy, "skaffold.yaml", r"^manifests:\n", piece(names, "skaffold-dev.yaml"), "the end of its artifacts")
    released = r"^    artifacts:\n(?:    - image: registry.*\n(?:      .*\n)+)+"
    behind(copy, "skaffold.yaml", released, piece(names, "skaffold-release.yaml"), "the artifacts of releases")


def compose(copy: Checkout, names: Names) -> None:
    file = "docker-compose.yml"
    before(copy, file, r"^  edge:\n", piece(names, "compose-service.yaml"), "the service edge")
    needs = r"^  edge:\n(?:    .*\n)+?    depends_on:\n"
    behind(copy, file, needs, f"      {names.plural}: {{condition: service_healthy}}\n", "what edge depends on")
    superuser = r"^      - \{source: postgres-superuser, .*\n"
    behind(copy, file, superuser, piece(names, "compose-passwords.yaml"), "the passwords of postgres")
    behind(copy, file, r"^secrets:\n", piece(names, "compose-secrets.yaml"), "secrets")
    behind(copy, "deploy/compose/prometheus.yml", r"^  - names: \[", f"{names.plural}, ", "the names that it asks")


def edge(copy: Checkout, names: Names) -> None:
    file = "deploy/envoy/envoy.yaml"
    service = f"              - fairlead.{names.plural}.v1.{names.plural.capitalize()}Service\n"
    transcoded = r"^              services:\n(?:              - fairlead\..*\n)+"
    behind(copy, file, transcoded, service, "the services of the transcoder")
    needs = r"^              # What needs a session\.\n"
    behind(copy, file, needs, piece(names, "envoy-route.yaml"), "the routes that need a session")
    check = r"^(?:  #.*\n)+  - name: check\n"
    before(copy, file, check, piece(names, "envoy-cluster.yaml"), "the cluster check")


def piece(names: Names, file: str) -> str:
    """Some lines of a longer file, called after boats."""
    return names.put_into((PIECES / file).read_text())


def behind(copy: Checkout, path: str, pattern: str, text: str, what: str) -> None:
    copy.change(path, pattern, lambda found: found[0] + text, what)


def before(copy: Checkout, path: str, pattern: str, text: str, what: str) -> None:
    copy.change(path, pattern, lambda found: text + found[0], what)
