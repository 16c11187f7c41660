"""Configurations of Alertmanager with one thing wrong in each, for our checks and for amtool."""

GOOD = """
global: {smtp_smarthost: 'mail.example:25', smtp_from: midwatch@shop.example}
route:
  receiver: ops
  group_by: [alertname, namespace]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
  - {receiver: web, matchers: ['team="web"', 'severity=~critical|error'], mute_time_intervals: [night]}
  - {receiver: web, matchers: ['{team="data",env!="test"}'], continue: true}
receivers:
- {name: ops, email_configs: [{to: ops@shop.example}]}
- {name: web, webhook_configs: [{url: 'http://127.0.0.1:9/hook'}]}
inhibit_rules:
- {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [cluster]}
time_intervals:
- name: night
  time_intervals:
  - times: [{start_time: '22:00', end_time: '24:00'}]
    weekdays: ['monday:friday', sunday]
    days_of_month: ['1:5', '-3:-1']
    months: ['january:march', '7:9']
    years: ['2025:2027']
    location: Asia/Shanghai
"""

# What is replaced by what, and what our checks call it. Alertmanager refuses each of these.
REFUSED = {
    "unknown_field": ("group_wait: 30s", "groupwait: 30s"),
    "unknown_field in a route": ("continue: true", "continues: true"),
    "unknown_field in an inhibition": ("equal: [cluster]", "same: [cluster]"),
    "unknown_field in times": ("weekdays:", "days:"),
    "no_receiver": ("{receiver: web, matchers: ['team", "{receiver: wbe, matchers: ['team"),
    "root_without_receiver": ("  receiver: ops\n", ""),
    "root_with_matchers": ("  receiver: ops\n", "  receiver: ops\n  matchers: ['a=\"b\"']\n"),
    "root_with_times": ("  receiver: ops\n", "  receiver: ops\n  mute_time_intervals: [night]\n"),
    "receiver_twice": ("- {name: web,", "- {name: ops,"),
    "receiver_without_name": ("- {name: web,", "- {"),
    "field_missing email": ("{to: ops@shop.example}", "{html: x}"),
    "field_missing smarthost": ("{smtp_smarthost: 'mail.example:25', ", "{"),
    "field_missing webhook": ("{url: 'http://127.0.0.1:9/hook'}", "{max_alerts: 1}"),
    "no_times": ("mute_time_intervals: [night]", "mute_time_intervals: [day]"),
    "no_matcher": ("'team=\"web\"'", "'team'"),
    "no_matcher open quote": ("'team=\"web\"'", "'team=\"web'"),
    "no_pattern": ("critical|error", "critical|(error"),
    "no_span": ("group_wait: 30s", "group_wait: 30 s"),
    "no_span unit": ("group_interval: 5m", "group_interval: 5min"),
    "zero_span": ("group_interval: 5m", "group_interval: 0s"),
    "zero_span repeat": ("repeat_interval: 4h", "repeat_interval: 0m"),
    "label_twice": ("[alertname, namespace]", "[alertname, alertname]"),
    "all_and_more": ("[alertname, namespace]", "['...', namespace]"),
    "no_label": ("[alertname, namespace]", "['alert-name']"),
    "no_times_of_day": ("'22:00'", "'25:00'"),
    "no_times_of_day backwards": ("end_time: '24:00'", "end_time: '06:00'"),
    "no_range weekday": ("'monday:friday'", "'mon:fri'"),
    "no_range day": ("'1:5'", "'0:5'"),
    "no_range backwards": ("'january:march'", "'march:january'"),
    "no_zone": ("Asia/Shanghai", "Asia/Shanghei"),
    "times_without_name": ("- name: night\n  time_intervals", "- time_intervals"),
    "root_continues": ("  group_wait: 30s\n", "  group_wait: 30s\n  continue: true\n"),
}

# Alertmanager takes these, and what comes of them is seldom meant.
TAKEN = {
    "repeats_too_soon": ("repeat_interval: 4h", "repeat_interval: 1m"),
    "inhibits_everywhere": (", equal: [cluster]", ""),
    "receiver_unused": (
        "inhibit_rules:",
        "- {name: spare}\ninhibit_rules:",
    ),
    "never_reached": ("  routes:\n", "  routes:\n  - {receiver: ops}\n"),
    "takes_every_alert": ("source_matchers: ['severity=\"critical\"'], ", ""),
}


def changed(before: str, after: str) -> str:
    assert before in GOOD, before
    return GOOD.replace(before, after, 1)
