"""What may be wrong with a cluster, with the settings of its programs, and with those numbers that must agree."""

from parts import Breakage, cluster, config, container, deployment, policy, put, rules, secret, service, without
from suite import named, of_kind, pod

BREAKAGES = [
    Breakage("kubernetes schema", "replicaz", lambda it: put(deployment(it)["spec"], "replicaz", 2)),
    Breakage(
        "restricted pods", "may run as root", lambda it: pod(deployment(it))["securityContext"].pop("runAsNonRoot")
    ),
    Breakage("restricted pods", "seccomp", lambda it: pod(deployment(it))["securityContext"].pop("seccompProfile")),
    Breakage("restricted pods", "token", lambda it: pod(deployment(it)).pop("automountServiceAccountToken")),
    Breakage(
        "restricted pods", "can be written", lambda it: container(it)["securityContext"].pop("readOnlyRootFilesystem")
    ),
    Breakage(
        "restricted pods", "capabilities", lambda it: container(it, "edge")["securityContext"].pop("capabilities")
    ),
    Breakage(
        "restricted pods",
        "volume",
        lambda it: pod(deployment(it))["volumes"].append({"name": "node", "hostPath": {"path": "/"}}),
    ),
    Breakage(
        "restricted pods", "namespace", lambda it: of_kind(it.overlays["dev"], "Namespace")[0]["metadata"].pop("labels")
    ),
    Breakage("shape of services", "no PodDisruptionBudget", lambda it: without(it, "PodDisruptionBudget", "sessions")),
    Breakage(
        "shape of services", "no HorizontalPodAutoscaler", lambda it: without(it, "HorizontalPodAutoscaler", "sessions")
    ),
    Breakage("shape of services", "no NetworkPolicy", lambda it: without(it, "NetworkPolicy", "sessions")),
    Breakage("shape of services", "denies", lambda it: without(it, "NetworkPolicy", "default-deny")),
    Breakage("shape of services", "sessions-headless", lambda it: without(it, "Service", "sessions-headless")),
    Breakage(
        "shape of services",
        "selects others",
        lambda it: put(
            named(it.overlays["production"], "Service", "accounts")["spec"],
            "selector",
            {"app.kubernetes.io/name": "sessions"},
        ),
    ),
    Breakage(
        "shape of services",
        "livenessProbe",
        lambda it: put(container(it)["livenessProbe"]["httpGet"], "path", "/ready"),
    ),
    Breakage("shape of services", "no startupProbe", lambda it: container(it, "collector").pop("startupProbe")),
    Breakage("shape of services", "no limits", lambda it: container(it)["resources"]["limits"].pop("memory")),
    Breakage("shape of services", "spread", lambda it: pod(deployment(it)).pop("topologySpreadConstraints")),
    Breakage(
        "shape of services",
        "needs the Secret garage-",
        lambda it: without(it, "Secret", secret(it, "garage"), "dev"),
    ),
    Breakage(
        "shape of services", "nowhere", lambda it: put(container(it)["envFrom"][0]["configMapRef"], "name", "suit")
    ),
    Breakage(
        "who reaches whom",
        "accounts cannot reach postgres",
        lambda it: without(it, "NetworkPolicy", "accounts-postgres", "dev"),
    ),
    Breakage(
        "who reaches whom",
        "edge cannot reach sessions",
        lambda it: put(
            policy(it, "sessions")["ingress"][0]["from"][0]["podSelector"]["matchLabels"],
            "app.kubernetes.io/part-of",
            "others",
        ),
    ),
    Breakage(
        "who reaches whom",
        "sessions can reach postgres",
        lambda it: policy(it, "sessions-redis")["egress"][0].pop("ports"),
    ),
    Breakage(
        "who reaches whom",
        "uploads cannot reach garage",
        lambda it: without(it, "NetworkPolicy", "uploads-s3", "dev"),
    ),
    Breakage(
        "who reaches whom",
        "accounts can reach garage",
        lambda it: policy(it, "accounts-postgres")["egress"][0]["ports"].append({"port": 3900}),
    ),
    Breakage(
        "who reaches whom",
        "edge can reach accounts on port 8081",
        lambda it: [policy(it, "accounts")["ingress"][0].pop("ports"), policy(it, "edge")["egress"].append({})],
    ),
    Breakage(
        "versions of images",
        "no exact version",
        lambda it: put(container(it, "edge"), "image", "envoyproxy/envoy:latest"),
    ),
    Breakage(
        "versions of images",
        "no exact version",
        lambda it: put(container(it), "image", "registry.example.com/fairlead/accounts"),
    ),
    Breakage(
        "versions of images",
        "several versions",
        lambda it: put(service(it, "postgres"), "image", "postgres:16.4-bookworm"),
    ),
    Breakage(
        "settings",
        "FAIRLEAD__LIFECYCLE__GRASE is no setting",
        lambda it: put(config(it, "suite"), "FAIRLEAD__LIFECYCLE__GRASE", "35s"),
    ),
    Breakage(
        "settings",
        "is no setting of migrate",
        lambda it: put(service(it, "migrate-accounts")["environment"], "FAIRLEAD__MIGRATE__ACOUNTS__URL", "x"),
    ),
    Breakage("settings", "no setting of any program", lambda it: put(it.envoy, "node", {"id": "FAIRLEAD__EDGE__NAME"})),
    Breakage(
        "settings",
        "config check",
        lambda it: put(config(it, "accounts"), "FAIRLEAD__ACCOUNTS__POSTGRES__LOCK_TIMEOUT", "2"),
    ),
    Breakage(
        "settings",
        "config check",
        lambda it: put(service(it, "sessions")["environment"], "FAIRLEAD__SERVER__REFLECTION", "all"),
    ),
    Breakage(
        "settings",
        "config check",
        lambda it: put(config(it, "sessions"), "FAIRLEAD__SESSIONS__REDIS__URL_FILE", "/etc/fairlead/secrets/redis"),
    ),
    Breakage("settings", "does not fit into its memory", lambda it: put(container(it)["resources"]["limits"], "memory", "32Mi")),
    Breakage(
        "time to stop",
        "is told of 35 s of grace",
        lambda it: put(pod(deployment(it)), "terminationGracePeriodSeconds", 30),
    ),
    Breakage("time to stop", "needs 47 s", lambda it: put(config(it, "accounts"), "FAIRLEAD__LIFECYCLE__DRAIN", "35s")),
    Breakage("time to stop", "compose: accounts", lambda it: service(it).pop("stop_grace_period")),
    Breakage(
        "time to stop", "preStop", lambda it: put(pod(deployment(it, "edge")), "terminationGracePeriodSeconds", 20)
    ),
    Breakage(
        "time to stop",
        "later than its lame duck",
        lambda it: put(cluster(it, "sessions")["health_checks"][0], "unhealthy_threshold", 5),
    ),
    Breakage(
        "connections",
        "of 397",
        lambda it: put(
            named(it.overlays["production"], "HorizontalPodAutoscaler", "accounts")["spec"], "maxReplicas", 40
        ),
    ),
    Breakage(
        "connections",
        "of 97",
        lambda it: put(service(it)["environment"], "FAIRLEAD__ACCOUNTS__POSTGRES__MAX_CONNECTIONS", "90"),
    ),
    Breakage(
        "connections",
        "uploads 8 x 13 + 2 for migrate = 106 connections, of 77",
        lambda it: config(it, "stores").update({"uploads.max-connections": "80", "uploads.reserved-connections": "3"}),
    ),
    Breakage("connections", "nothing says", lambda it: config(it, "stores").pop("postgres.max-connections")),
    Breakage("components", "no overlay and no test lists", lambda it: it.components["mtls"].remove("mtls")),
    Breakage("components", "not the last", lambda it: it.components["dev"].reverse()),
    Breakage("alerts and dashboards", "its alerts", lambda it: rules(it).pop()),
    Breakage("alerts and dashboards", "its alerts", lambda it: put(rules(it)[0]["rules"][0], "expr", "vector(0)")),
    Breakage("alerts and dashboards", "its dashboards", lambda it: config(it, "dashboards").pop("suite.json")),
]
