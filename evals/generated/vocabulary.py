"""Names that teams give to things."""

CLUSTERS = ("prod-eu-1", "gke_acme_europe-west4_live", "eks-blue", "aks-weu-prod", "k3s-plant", "")
SPACES = (
    "retail",
    "ledger",
    "fleet",
    "clinic",
    "media-prod",
    "travel",
    "iot-core",
    "school",
    "grid",
)
OTHER_SPACES = ("payroll", "wiki", "intranet", "lab-tools", "docs-site", "ci-runners", "survey")

# A chain of calls, from what users see to what holds the data.
CHAINS = (
    ("storefront", "basket", "stock"),
    ("gateway", "accounts", "statements"),
    ("dispatch-web", "routing", "vehicle-state"),
    ("portal", "appointments", "patient-index"),
    ("player-api", "catalog", "entitlements"),
    ("booking-ui", "fares", "seat-map"),
    ("ingest-edge", "normalizer", "device-registry"),
    ("lesson-web", "grading", "rubrics"),
)
ALONE = (
    "notifier", "thumbnailer", "mailroom", "exporter-csv", "search-api", "pricing", "invoices",
    "webhook-relay", "geo-lookup", "audit-trail", "recommender", "sessions", "feature-flags",
    "report-builder", "translator", "currency", "loyalty", "carrier-bridge", "tax-engine",
)  # fmt: skip
BYSTANDERS = (
    "glossary",
    "canteen-menu",
    "room-planner",
    "link-short",
    "avatar",
    "changelog",
    "faq",
)

REGISTRIES = (
    "registry.{space}.example/{name}",
    "ghcr.io/{space}-team/{name}",
    "{space}acr.azurecr.io/{name}",
    "europe-docker.pkg.dev/{space}/apps/{name}",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/{space}/{name}",
    "docker.io/{space}/{name}",
)
TAGS = ("1.{a}.{b}", "v2.{a}.{b}", "2026-0{d}-1{e}", "build-{a}{b}{e}", "sha-{a}f{b}c{e}")
NODES = (
    "node-{n}",
    "ip-10-0-{a}-{n}.eu-central-1.compute.internal",
    "gke-live-pool-1-{a}f3-{n}k2",
    "aks-np1-33{a}-vmss00000{n}",
    "worker{n}.plant.example",
)
ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
PORTS = (8080, 3000, 5000, 8000, 9090, 8443)

CHATTER = (
    "INFO handled GET /v1/items/{a} status=200 duration_ms={b}",
    "INFO refreshed {a} entries in {b}ms",
    "INFO request id={a}-{b} finished",
    "DEBUG pool size={e} idle={d}",
)
