"""English signals. Written with re.VERBOSE: a space in a pattern is `\\s`, spelt `\\ ` or `\\s`."""

from agent.lexicon.signals import signals

# An order may be polite before its verb.
_PLEASE = (
    r"^\W*(?:(?:please|pls|kindly|ok|okay|now|just|then|and|go\sahead(?:\sand)?"
    r"|(?:can|could|would|will)\syou(?:\splease)?|i\s(?:want|need)\s(?:you\s)?to|let's|you\sshould)"
    r"[\s,]+)*"
)
_DO = (
    r"(?:restart|reboot|bounce|redeploy|recreate|scale|roll\s?-?back|rollback|undo|revert|cordon|uncordon"
    r"|drain|evict|fix|repair|remediate|heal|resolve|delete|kill|remove|terminate|patch|edit|apply"
    r"|approve|reject|execute|perform|bump|resize|pause\sthe\srollout|resume\sthe\srollout|taint|untaint"
    r"|promote|annotate|label|deploy|upgrade|downgrade)\b"
)
_SETTING = (
    r"(?:set|change|update|raise|increase|decrease|lower|reduce|bump|double|halve|correct|add)\s"
    r"(?:the\s|its\s|their\s)?(?:\S+\s){0,4}?(?:image|replicas?|limits?|env\w*|probes?|tag"
    r"|selector|labels?|config\s?map|memory|cpu)\b"
)
_TROUBLE = (
    r"\b(?:fail(?:s|ing|ed|ure|ures)?|errors?|erroring|crash\w*|broken|down|slow(?:er|ly)?|latency"
    r"|tim(?:ing|ed|es)\sout|timeouts?|unreachable|oom\w*|evicted|not\s?ready|unhealthy|stuck"
    r"|restart(?:s|ed|ing)|5xx|50\d(?:s|\serrors?)?|pending|hang(?:s|ing)?|hung|unavailable|degraded|outage"
    r"|incident|refus(?:es|ed|ing)|reject(?:s|ed|ing)|(?:can't|cannot|can\snot|won't|doesn't|isn't|aren't|not)\s\w+"
    r"|imagepull\w*|errimage\w*|throttl\w+|saturat\w+|leak\w*|misbehav\w+|flapping|pressure"
    r"|not\spulled|unresponsive|dying|died|dead)\b"
)
_OBJECTS = (
    r"\b(?:pods?|nodes?|deployments?|services?|svc|namespaces?|ns|statefulsets?|daemonsets?|replicas?(?:ets?)?"
    r"|containers?|jobs?|cronjobs?|ingress(?:es)?|pvcs?|volumes?|configmaps?|hpas?|workloads?|endpoints?"
    r"|images?|versions?|clusters?|quotas?)\b"
)

ENGLISH = signals(
    # rca: what is wrong, why, since when
    ("rca", "investigate", 3.0, r"\bwhy\b|\bhow\scome\b"),
    (
        "rca",
        "investigate",
        4.0,
        r"\broot[\s-]?causes?\b|\bcauses?\sof\b|\bwhat(?:'s|\sis|\sare)?\scaus(?:es|ed|ing)\b|\bcausing\b",
    ),
    (
        "rca",
        "investigate",
        3.5,
        r"\bwhat(?:'s|\sis|\swas|\swent)?\s(?:so\s)?(?:wrong|broken|happening|going\son|the\s(?:matter|problem|issue))\b",
    ),
    (
        "rca",
        "investigate",
        3.5,
        r"\bdiagnos\w+|\binvestigat\w+|\btroubleshoot\w*|\bdebug\b|\banaly[sz]e\b",
    ),
    (
        "rca",
        "investigate",
        3.0,
        r"\bsince\swhen\b|\bwhat\s(?:has\s)?happen(?:s|ed|ing)\b|\bany\sideas?\b|\bis\soff\b|\btake\sa\slook\b|\blook\sinto\b|\bwhen\sdid\b",
    ),
    ("rca", "investigate", 2.0, _TROUBLE),
    (
        "rca",
        "health",
        3.0,
        r"\bhealth(?:y)?\b|\b(?:any|some)thing\s(?:wrong|broken|unusual)\b|\beverything\s(?:ok|okay|fine|all\sright)\b|\ball\sgood\b|\bany\s(?:problems?|issues?|errors?|warnings?)\b",
    ),
    (
        "rca",
        "health",
        2.5,
        r"\bis\s(?:the\s)?\S+\s(?:\w+\s)?(?:up|down|ok|okay|alive|running|working|healthy|reachable|ready)\b",
    ),
    (
        "rca",
        "changes",
        4.0,
        r"\bwhat(?:'s|\shas|\sdid|\selse)?\s(?:\w+\s)?chang(?:ed|es?)\b|\b(?:recent|latest|last)\schanges\b|\bchang(?:ed|es)\s(?:in|since|during|over)\b|\bwho\schanged\b",
    ),
    (
        "rca",
        "changes",
        3.5,
        r"\b(?:was|were|been|got|things?)\s(?:\w+\s)?(?:deployed|rolled\sout|released|changed)\b|\b(?:recent|latest)\s(?:deploy\w*|rollouts?|releases?)\b",
    ),
    ("rca", "logs", 3.5, r"\blogs?\b|\btail\b|\bstack\s?traces?\b"),
    ("rca", "events", 3.0, r"\bevents?\b"),
    ("rca", "rollout", 2.5, r"\brollout\s(?:history|status)\b|\brevisions?\b|\brollout\b"),
    (
        "rca",
        "metrics",
        2.5,
        r"\b(?:cpu|memory|disk|ram|qps|rps|throughput|latency|request\srate|error\srate|load|traffic|usage|utili[sz]ation)\b",
    ),
    (
        "rca",
        "list",
        3.0,
        r"^\W*(?:please\s|can\syou\s|could\syou\s)?(?:kubectl\s)?(?:list|get|count|describe|display|show|print|give\sme|tell\sme|see|watch|check|inspect)\b",
    ),
    (
        "rca",
        "list",
        2.5,
        r"\bhow\smany\b|\bwhich\b|\bwhat\s(?:image|version|pods?|nodes?|services?|deployments?|namespaces?)\b|\bstatus\b|\bper\s(?:node|pod|namespace)\b",
    ),
    ("rca", "list", 1.0, _OBJECTS),
    # autofix: change the cluster
    ("autofix", "change", 6.0, _PLEASE + _DO),
    (
        "autofix",
        "change",
        6.0,
        _PLEASE
        + r"kubectl\s(?:-n\s\S+\s)?(?:rollout\s(?:restart|undo|pause|resume)|delete|scale|patch|apply|cordon|uncordon|drain|set|edit|taint|label)\b",
    ),
    ("autofix", "change", 5.5, _PLEASE + _SETTING),
    ("autofix", "change", 5.5, _PLEASE + r"make\s.*\b(?:un)?schedulable\b"),
    (
        "autofix",
        "change",
        1.5,
        r"\b(?:roll\s?back|rollback|undo|revert|cordon|uncordon|drain|fix)\b",
    ),
    ("autofix", "change", 3.0, r"\bfix\s(?:it|this|that|them)\b|\bapply\s(?:the|this|that|your)\b"),
    (
        "autofix",
        "plans",
        4.5,
        r"\b(?:fix|fixes|change|changes|plans?|repairs?)\b.*\b(?:awaiting|waiting|pending|need\w*)\b.*\bapprov\w+|\bpending\sapprovals?\b|\bapprovals?\s(?:are\s)?(?:pending|waiting|queue)\b|\b(?:fix|repair|remediation)\splans?\b",
    ),
    (
        "autofix",
        "history",
        4.5,
        r"\bhistory\sof\s(?:the\s)?(?:changes|fixes|repairs)\b|\b(?:fix|repair|remediation)\shistory\b|\b(?:fixes|repairs)\b.*\b(?:applied|made|done|executed)\b|\bchanges\smade\sby\s(?:you|midwatch)\b|\bwhat\s(?:did|have)\syou\s(?:fix|change|repair)\w*",
    ),
    # cost: spend, budgets, savings, prediction
    (
        "cost",
        "spend",
        4.0,
        r"\bspend(?:ing|s)?\b|\bspent\b|\bcosts?\b|\bcosting\b|\bbills?\b|\binvoices?\b|\bexpens\w+|\bmoney\b|\bprice\w*|\bcheap\w*|\bdollars?\b|\bchargeback\b|\bshowback\b|\bfinops\b",
    ),
    ("cost", "budget", 4.5, r"(?<!disruption\s)\bbudgets?\b"),
    (
        "cost",
        "anomalies",
        4.5,
        r"\b(?:cost|spend\w*|billing)\s(?:anomal\w+|spikes?|jump\w*)\b|\bunusual\s(?:cost|spend\w*)\b|\b(?:spend|costs?|bill)\b.*\b(?:jump|spike|rise|increase|go\sup|went\sup|double)\w*",
    ),
    (
        "cost",
        "savings",
        4.0,
        r"\bsav(?:e|es|ing|ings)\b|\bover-?\s?provision\w+|\bright-?\s?siz\w+|\bidle\b|\bwast\w+|\bunder-?\s?(?:used|utili[sz]ed)\b|\b(?:reduce|lower|cut)\s(?:the\s)?requests\b|\btoo\s(?:big|large|much)\b.*\b(?:requests?|limits?|resources)\b|\bunused\b",
    ),
    (
        "cost",
        "forecast",
        4.5,
        r"\bforecast\w*|\bpredict\w*|\bproject(?:ed|ion)?\s(?:our|the|my)?\b|\bprojections?\b|\bextrapolat\w+|\bcapacity\splan\w*|\bestimate\b",
    ),
    (
        "cost",
        "forecast",
        4.5,
        r"\b(?:run(?:ning|s)?\sout|fill(?:s|ed|ing)?\sup|exhaust\w*|be\sfull|get\sfull)\b|\bhow\smuch\b.*\b(?:will|would)\b.*\bneed\b|\bnext\s(?:week|month|quarter|year)\b|\bwill\b.*\b(?:enough|suffic\w+)\b",
    ),
    # alert_admin: alerts, and who is told of them
    ("alert_admin", "alerts", 4.0, r"\balerts?\b|\balertmanager\b"),
    ("alert_admin", "alerts", 3.0, r"\b(?:firing|fired|fires)\b|\backnowledg\w*|\back\b"),
    (
        "alert_admin",
        "silences",
        5.5,
        r"\bsilenc\w+|\bmut(?:e|ed|ing)\b|\bsnooz\w+|\bsuppress\w*|\binhibit\w*",
    ),
    ("alert_admin", "silences", 5.0, r"\bmaintenance\b"),
    (
        "alert_admin",
        "rules",
        4.0,
        r"\balert(?:ing)?\srules?\b|\balert\sme\b|\brecording\srules?\b|\bthresholds?\b|\bcreate\san?\salert\b",
    ),
    (
        "alert_admin",
        "channels",
        4.0,
        r"\bnotif\w+|\bchannels?\b|\breceivers?\b|\bescalat\w+|\bwebhooks?\b|\bpagerduty\b|\bwho\s(?:was|got|is|were)\s(?:\w+\s)*(?:told|paged|called|informed)\b|\bpage\s(?:the|me|us|someone)\b",
    ),
    (
        "alert_admin",
        "channels",
        2.0,
        r"\b(?:slack|dingtalk|feishu|lark|e-?mail|teams|telegram|sms)\b|\bon-?\s?call\b|\#[a-z][\w-]+",
    ),
    # rag: how things are done and what they are
    (
        "rag",
        "how_to",
        4.5,
        r"\bhow\s(?:do|does|can|should|could|would|to|might)\b|\bsteps\s(?:to|for)\b|\bwhat\s(?:should|do|must|can)\s(?:i|we)\s(?:do\b|check)|\bbest\spractices?\b|\bprocedures?\b|\binstructions\b",
    ),
    (
        "rag",
        "documents",
        5.0,
        r"\brun\s?books?\b|\bplay\s?books?\b|\bpost-?\s?mortems?\b|\bdocument(?:s|ed|ation)?\b|\bdocs\b|\bguides?\b|\bmanuals?\b|\bwiki\b|\btutorials?\b|\bknowledge\sbase\b|\bfaq\b",
    ),
    ("rag", "documents", 3.0, r"\bpolic(?:y|ies)\b"),
    (
        "rag",
        "explain",
        4.5,
        r"\bwhat\s(?:does|do|is\smeant)\b.*\bmean\w*|\bexplain\b|\bdifferences?\sbetween\b|\bmeaning\sof\b|\bdefin(?:e|ition)\b|\bwhen\s(?:should|to|do)\s(?:i|we)\suse\b",
    ),
    ("rag", "explain", 2.5, r"^\W*what(?:'s|\sis|\sare)\s(?:an?\s)?[\w-]+(?:\s[\w-]+){0,3}\W*$"),
    (
        "rag",
        "help",
        6.0,
        r"\bwhat\scan\syou\s(?:do|help)\b|\bwhat\sare\syou(?:r\scapabilities)?\b|\bwho\sare\syou\b|\bwhat\sis\smidwatch\b|\bhelp\b\W*$|\bhow\sdo\si\suse\syou\b|\bwhat\sdo\syou\sdo\b",
    ),
    # none: small talk, and what is refused
    (
        "none",
        "greeting",
        4.0,
        r"^\W*(?:hi|hello|hey|hiya|howdy|yo|good\s(?:morning|afternoon|evening|day|night))(?:\s(?:there|all|team|midwatch))?\W*$",
    ),
    (
        "none",
        "thanks",
        4.0,
        r"^\W*(?:ok\s|okay\s|great\s|cool\s|perfect\s)*(?:thanks|thank\syou|thx|cheers|ty|bye|goodbye|see\syou|well\sdone|nice|great|cool|perfect|got\sit|ok|okay)\b(?!.*\?)[^?]{0,40}$",
    ),
    (
        "none",
        "off_topic",
        5.0,
        r"\bweather\b|\bjokes?\b|\bpoems?\b|\bsongs?\b|\brecipes?\b|\brestaurants?\b|\bmovies?\b|\bfootball\b|\bsoccer\b|\bworld\scup\b|\btranslate\b|\bcapital\sof\b|\bstock\s(?:price|market)\b|\bhoroscope\b|\bholiday\b|\bpresident\b|\bhomework\b|\bessay\b|\bmeaning\sof\slife\b",
    ),
    (
        "none",
        "secret",
        9.0,
        r"\b(?:show|print|reveal|give|tell|display|dump|cat|leak|expose|decode|read|get|output|send|share|what(?:'s|\sis|\sare)|list)\b(?!.*\bhow\sto\b)[^.;]*\b(?:passwords?|passwd|api[\s_-]?keys?|private\skeys?|credentials?|access\s(?:keys?|tokens?)|bearer|kubeconfig(?:\stoken)?|tls\skeys?)\b",
    ),
    (
        "none",
        "secret",
        9.0,
        r"\b(?:print|reveal|cat|dump|decode|base64|expose|leak)\b[^.;]*\bsecrets?\b|\b(?:value|content|contents|data|plain\s?text)s?\s(?:of|in|inside)\s(?:the\s)?(?:\S+\s)?secrets?\b|\bsecrets?\b[^.;]*\b(?:in\splain|decoded|values?)\b",
    ),
    (
        "none",
        "bypass",
        10.0,
        r"\b(?:skip|bypass|without|ignor\w+|circumvent|override|avoid|disable|turn\soff|no\sneed\sfor)\s(?:\w+\s){0,3}?(?:approv\w+|permissions?|audit(?:\slogs?)?|review|guard\s?rails?|safety|checks?|confirmation|rbac|redaction)\b",
    ),
    (
        "none",
        "bypass",
        10.0,
        r"\bapprove\s(?:it|this|them|that|everything)?\s?(?:yourself|for\sme|on\smy\sbehalf|automatically)\b|\bwithout\sasking\b|\bignore\s(?:all\s|your\s|the\s|my\s|any\s)*(?:previous\s|prior\s|earlier\s)?(?:instructions?|rules?|prompts?)\b|\bsystem\sprompt\b|\bpretend\s(?:you|to\sbe|that)\b|\bact\sas\s(?:an?\s)?(?:admin|root|cluster)|\bjailbreak\b|\byou\sare\snow\b",
    ),
)

# A word of the trade: without any, a question is not ours.
TRADE = (
    _TROUBLE
    + "|"
    + _OBJECTS
    + r"|\b(?:kube\w*|k8s|helm|probes?|liveness|readiness|etcd|dns|certificates?|tls|cert\w*|backup|restore|failover"
    r"|upgrad\w+|autoscal\w+|hpa|pdb|disruption|budget|rbac|scal\w+|requests?|limits?|taints?|crashloop\w*|oomkilled"
    r"|prometheus|grafana|alertmanager|promql|wrong|problems?|issues?|health\w*|status|changed?|happen\w*|events?|redis|postgres\w*|mysql|kafka|midwatch|on-?call|production|prod|access"
    r"|disk|memory|cpu|qps|rps|latency|throughput|traffic|queue|database|network|ingress|tool|deploy\w*|monitoring|metrics?|rotat\w+|outage|logs?)\b"
)
