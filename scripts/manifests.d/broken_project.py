"""What may be wrong with the compose project, the edge, and what images are built from."""

from parts import Breakage, cluster, http_filter, manager, put, replace, route, routes, service, without

BREAKAGES = [
    Breakage("compose schema", "memory_limit", lambda it: put(service(it), "memory_limit", "1g")),
    Breakage("skaffold schema", "artefacts", lambda it: put(it.skaffold["build"], "artefacts", [])),
    Breakage("routes of the edge", "no route", lambda it: routes(it).remove(route(it, "/fairlead.accounts.v1."))),
    Breakage(
        "routes of the edge",
        "no cluster",
        lambda it: put(route(it, "/fairlead.sessions.v1.")["route"], "cluster", "session"),
    ),
    Breakage(
        "routes of the edge",
        "nobody makes calls of fairlead.accounts.v1.AccountsService",
        lambda it: http_filter(it, "transcoder")["services"].pop(0),
    ),
    Breakage("routes of the edge", "may pass", lambda it: put(http_filter(it, "authz"), "failure_mode_allow", True)),
    Breakage("routes of the edge", "it asks", lambda it: cluster(it, "check").update(name="checks")),
    Breakage(
        "routes of the edge",
        "does not see the method",
        lambda it: manager(it)["http_filters"].insert(3, manager(it)["http_filters"].pop(1)),
    ),
    Breakage("routes of the edge", "no Service", lambda it: without(it, "Service", "accounts-headless")),
    Breakage("routes of the edge", "no container", lambda it: service(it).pop("networks")),
    Breakage("Envoy", "connect_timeut", lambda it: put(cluster(it, "accounts"), "connect_timeut", "1s")),
    Breakage("compose", "can be written", lambda it: service(it, "redis").pop("read_only")),
    Breakage("compose", "no limit", lambda it: service(it, "grafana").pop("mem_limit")),
    Breakage("compose", "publishes", lambda it: put(service(it, "postgres"), "ports", ["5432:5432"])),
    Breakage(
        "compose",
        "schema",
        lambda it: put(service(it)["depends_on"]["migrate-accounts"], "condition", "service_started"),
    ),
    Breakage("compose", "ready", lambda it: service(it, "sessions").pop("healthcheck")),
    Breakage("compose", "not built", lambda it: put(service(it, "sessions")["build"]["args"], "SERVICE", "accounts")),
    Breakage("Dockerfiles", "differ", lambda it: replace(it, "dockerfile_local", "EXPOSE 50051 8081", "EXPOSE 50051")),
    Breakage(
        "Dockerfiles",
        "root",
        lambda it: [
            replace(it, field, "USER 65532:65532", "USER nobody") for field in ("dockerfile", "dockerfile_local")
        ],
    ),
    Breakage(
        "Dockerfiles",
        "does not tell its revision",
        lambda it: [
            replace(it, field, "org.opencontainers.image.revision", "revision")
            for field in ("dockerfile", "dockerfile_local")
        ],
    ),
    Breakage(
        "Dockerfiles",
        "whenever the code changes",
        lambda it: replace(it, "dockerfile", "COPY .cargo .cargo\n", "COPY . .\n"),
    ),
    Breakage(
        "Dockerfiles",
        "in an emulator",
        lambda it: replace(it, "dockerfile", "--platform=$BUILDPLATFORM ", ""),
    ),
    Breakage("Dockerfiles", "another Rust", lambda it: replace(it, "dockerfile", "rust:1.95.0", "rust:1.94.0")),
    Breakage("hadolint", "DL3007", lambda it: replace(it, "dockerfile", "rust:1.95.0-bookworm", "rust:latest")),
    Breakage("skaffold", "builds", lambda it: it.skaffold["build"]["artifacts"].pop()),
    Breakage(
        "skaffold",
        "another service",
        lambda it: put(it.skaffold["build"]["artifacts"][0]["docker"]["buildArgs"], "SERVICE", "sessions"),
    ),
    Breakage("skaffold", "synchronised", lambda it: put(it.skaffold["build"]["artifacts"][0], "sync", {"manual": []})),
    Breakage(
        "routes of the edge",
        "no route for /fairlead.uploads.v1.",
        lambda it: routes(it).remove(route(it, "/fairlead.uploads.v1.")),
    ),
    Breakage(
        "routes of the edge",
        "hands cookie on",
        lambda it: route(it, "/grpc.reflection.")["request_headers_to_remove"].remove("cookie"),
    ),
    Breakage(
        "routes of the edge",
        "behind a message",
        lambda it: http_filter(it, "header_mutation")["mutations"]["request_trailers_mutations"].pop(),
    ),
    Breakage(
        "routes of the edge",
        "has no max_response_body_size",
        lambda it: http_filter(it, "grpc_json_transcoder").pop("max_response_body_size"),
    ),
    Breakage(
        "routes of the edge",
        "nothing bounds the JSON that /v1/ takes",
        lambda it: route(it, "/v1/").pop("typed_per_filter_config"),
    ),
    Breakage("skaffold", "to forward to", lambda it: put(it.skaffold["portForward"][0], "namespace", "default")),
]
