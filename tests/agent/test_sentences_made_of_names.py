"""Whatever a thing is called and however far back one looks, a plain sentence is read to the letter."""

import random
from collections.abc import Iterator, Mapping

import pytest

from agent.dividing import read_all
from evals.routing.utterances import folded

SENTENCES = {
    "en": """
why is {n} failing {w}? | rca name={n} window={w}
why does deployment {n} in namespace {ns} keep restarting | rca kind=Deployment name={n} namespace={ns}
{n} in namespace {ns} is returning 500s | rca name={n} namespace={ns}
show logs of {n} in namespace {ns} {w} | rca name={n} namespace={ns} window={w}
print the error logs for {n} {w} | rca name={n} window={w}
list events for {n} in {ns} | rca name={n} namespace={ns}
what changed on {n} {w} | rca name={n} window={w}
who deployed {n} {w} | rca name={n} window={w}
rollout status of {n} in namespace {ns} | rca name={n} namespace={ns}
cpu of {n} {w} | rca name={n} metric=cpu window={w}
how much memory does {n} use | rca name={n} metric=memory
what depends on {n} | rca name={n}
list pods in namespace {ns} | rca kind=Pod namespace={ns}
which deployments are there in namespace {ns} | rca kind=Deployment namespace={ns}
is {n} healthy? | rca name={n}
what is wrong with node {node} | rca kind=Node name={node}
restart {n} in namespace {ns} | autofix name={n} namespace={ns}
scale {n} to {k} replicas | autofix name={n} replicas={k}
scale deployment {n} in namespace {ns} to {k} replicas | autofix kind=Deployment name={n} namespace={ns} replicas={k}
roll back {n} | autofix name={n}
cordon node {node} | autofix kind=Node name={node}
increase the memory limit of {n} | autofix name={n} metric=memory
how much did namespace {ns} cost {w} | cost namespace={ns} window={w}
how much does {n} cost | cost name={n}
what did team {t} spend {w} | cost team={t} window={w}
create a monthly budget of {m} USD for team {t} | cost team={t} amount={m} currency=USD
set the budget of namespace {ns} to {m} EUR | cost namespace={ns} amount={m} currency=EUR
how much of the budget of team {t} is left | cost team={t}
forecast the cpu of {n} for the next 5 days | cost name={n} metric=cpu horizon=P5D
when will the disk of {n} be full | cost name={n} metric=disk
is {n} over-provisioned | cost name={n}
which alerts are firing for {n} | alert_admin name={n}
which alerts are firing in namespace {ns} | alert_admin namespace={ns}
silence {a} for 45 minutes | alert_admin alert={a} duration=PT45M
mute the alerts of {n} for 2 hours | alert_admin name={n} duration=PT2H
alert me when cpu of {n} is above 80% | alert_admin name={n} metric=cpu threshold=80
send critical alerts of team {t} to slack | alert_admin team={t} severity=critical channel=slack
what broke in namespace {ns} {w} | rca namespace={ns} window={w}
please look into {n}, it has been slow {w} | rca name={n} window={w}
job {job} failed again, why | rca kind=Job name={job}
describe pod {pod} in namespace {ns} | rca kind=Pod name={pod} namespace={ns}
top memory consumers in namespace {ns} | rca namespace={ns} metric=memory
disk usage of {pod} {w} | rca name={pod} metric=disk window={w}
please give {n} {k} more replicas | autofix name={n} replicas={k}
evict pod {pod} in namespace {ns} | autofix kind=Pod name={pod} namespace={ns}
rerun the job {job} in namespace {ns} | autofix kind=Job name={job} namespace={ns}
suspend cronjob {job} | autofix kind=CronJob name={job}
uncordon {node} | autofix name={node}
what have you fixed {w} | autofix window={w}
break down the cost of team {t} {w} | cost team={t} window={w}
raise the budget of team {t} to {m} GBP | cost team={t} amount={m} currency=GBP
is team {t} over budget | cost team={t}
what will namespace {ns} cost next month | cost namespace={ns} horizon=P30D
predict the traffic of {n} for the next 2 weeks | cost name={n} metric=qps horizon=P14D
any savings in namespace {ns}? | cost namespace={ns}
acknowledge {a} | alert_admin alert={a}
what alerts fired {w} | alert_admin window={w}
keep {a} quiet until 06:30 | alert_admin alert={a} at=06:30
end the silence of {a} | alert_admin alert={a}
set the threshold of {a} to 75 | alert_admin alert={a} threshold=75
page me if memory of {n} exceeds 90% for 5 minutes | alert_admin name={n} metric=memory threshold=90 duration=PT5M
who is told about {a} | alert_admin alert={a}
who is on call for team {t} | alert_admin team={t}
""",
    "zh": """
{n} {w}为什么报错 | rca name={n} window={w}
{ns} 命名空间的 {n} 一直重启 | rca name={n} namespace={ns}
{ns} 命名空间里部署 {n} 起不来 | rca kind=Deployment name={n} namespace={ns}
看一下 {n} {w}的日志 | rca name={n} window={w}
{ns} 命名空间 {n} 的事件 | rca name={n} namespace={ns}
{w} {n} 改了什么 | rca name={n} window={w}
{n} {w}的 CPU 使用率 | rca name={n} metric=cpu window={w}
{n} 用了多少内存 | rca name={n} metric=memory
谁依赖 {n} | rca name={n}
列出 {ns} 命名空间的 pod | rca kind=Pod namespace={ns}
{n} 正常吗 | rca name={n}
节点 {node} 怎么了 | rca kind=Node name={node}
重启 {ns} 命名空间的 {n} | autofix name={n} namespace={ns}
把 {n} 扩容到 {k} 个副本 | autofix name={n} replicas={k}
把 {ns} 命名空间的 {n} 扩到 {k} 个副本 | autofix name={n} namespace={ns} replicas={k}
回滚 {n} | autofix name={n}
封锁节点 {node} | autofix kind=Node name={node}
调高 {n} 的内存上限 | autofix name={n} metric=memory
{ns} 命名空间{w}花了多少钱 | cost namespace={ns} window={w}
{n} 花了多少钱 | cost name={n}
{t} 团队{w}的费用 | cost team={t} window={w}
给 {t} 团队建一个每月 {m} 美元的预算 | cost team={t} amount={m} currency=USD
{ns} 命名空间的预算改成 {m} 欧元 | cost namespace={ns} amount={m} currency=EUR
{t} 团队的预算还剩多少 | cost team={t}
预测 {n} 未来 5 天的 CPU | cost name={n} metric=cpu horizon=P5D
{n} 的磁盘什么时候会满 | cost name={n} metric=disk
{n} 配置是不是太大 | cost name={n}
{n} 有哪些告警 | alert_admin name={n}
{ns} 命名空间有哪些告警 | alert_admin namespace={ns}
静默 {a} 45 分钟 | alert_admin alert={a} duration=PT45M
{n} 的告警静音两小时 | alert_admin name={n} duration=PT2H
{n} 的 CPU 超过 80% 就告警 | alert_admin name={n} metric=cpu threshold=80
{t} 团队的严重告警发到 slack | alert_admin team={t} severity=critical channel=slack
{w} {ns} 命名空间出了什么故障 | rca namespace={ns} window={w}
帮我查下 {n} {w}为什么这么慢 | rca name={n} window={w}
任务 {job} 又失败了，什么原因 | rca kind=Job name={job}
查看 {ns} 命名空间的 pod {pod} | rca kind=Pod name={pod} namespace={ns}
{pod} {w}的磁盘用量 | rca name={pod} metric=disk window={w}
{n} 现在几个副本 | rca name={n}
{ns} 命名空间有多少个 pod | rca kind=Pod namespace={ns}
{n} 停了会影响谁 | rca name={n}
给 {n} 加 {k} 个副本 | autofix name={n} replicas={k}
{n} 缩到 {k} 个副本 | autofix name={n} replicas={k}
{n} 从 3 个副本扩到 {k} 个 | autofix name={n} replicas={k}
把 {n} 这个 deployment 重启一下 | autofix kind=Deployment name={n}
驱逐 {ns} 命名空间的 pod {pod} | autofix kind=Pod name={pod} namespace={ns}
重跑任务 {job} | autofix kind=Job name={job}
重新跑一遍 {job} 任务 | autofix kind=Job name={job}
暂停定时任务 {job} | autofix kind=CronJob name={job}
{node} 恢复调度 | autofix name={node}
{w}你修了什么 | autofix window={w}
{n} 退回上个版本 | autofix name={n}
把 {t} 团队的预算提到 {m} 英镑 | cost team={t} amount={m} currency=GBP
{t} 团队超预算了吗 | cost team={t}
{ns} 命名空间下个月要花多少钱 | cost namespace={ns} horizon=P30D
{n} 未来两周的流量预测 | cost name={n} metric=qps horizon=P14D
{n} 明天的内存会到多少 | cost name={n} metric=memory horizon=P1D
{ns} 命名空间哪里能省钱 | cost namespace={ns}
认领 {a} | alert_admin alert={a}
{w}响过哪些告警 | alert_admin window={w}
{a} 在 06:30 之前不要响 | alert_admin alert={a} at=06:30
取消 {a} 的静默 | alert_admin alert={a}
{a} 的阈值调到 75 | alert_admin alert={a} threshold=75
{n} 内存超过 90% 持续 5 分钟就叫我 | alert_admin name={n} metric=memory threshold=90 duration=PT5M
{a} 通知了谁 | alert_admin alert={a}
{t} 团队今天谁值班 | alert_admin team={t}
{ns} 命名空间开两小时维护窗口 | alert_admin namespace={ns} duration=PT2H
只看 {t} 团队的警告 | alert_admin team={t} severity=warning
""",
}
# Names of one word are ordinary words as well.
WORDS: Mapping[str, tuple[str, ...]] = {
    "n": (
        *(
            "tariff-api",
            "fare-cache",
            "catalog",
            "mailer",
            "web",
            "ledger-db",
            "api-gateway-v2",
            "redis-0",
        ),
        *(
            "gateway",
            "search",
            "billing-worker",
            "n2n-proxy",
            "orders",
            "cart",
            "payments",
            "kafka",
        ),
    ),
    "ns": ("travel-prod", "shop", "billing", "ml", "data-eu"),
    "t": ("booking", "ops", "ml", "core-infra"),
    "node": ("edge-12", "ip-10-0-3-7", "worker-a1", "node-5"),
    "a": ("LatencyHigh", "KubePodCrashLooping", "DiskAlmostFull"),
    "pod": ("redis-0", "tariff-api-7d9f8b6c5-x2x4z", "mysql-primary-1"),
    "job": ("nightly-report", "import-9", "backup"),
    "k": ("2", "5", "12"),
    "m": ("800", "2500", "12000"),
}
TIMES = {
    "en": {
        "in the last 20 minutes": "PT20M",
        "over the past 6 hours": "PT6H",
        "during the last two days": "P2D",
        "since yesterday": "P1D",
        "this week": "P7D",
        "in the last half hour": "PT30M",
    },
    "zh": {
        "最近 20 分钟": "PT20M",
        "过去六小时": "PT6H",
        "近两天": "P2D",
        "昨天": "P1D",
        "这周": "P7D",
        "最近半小时": "PT30M",
    },
}
OF_EACH = 12


def made(language: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Sentences, each with the subagent that is meant and the arguments that are in it."""
    drawn = random.Random(language)  # noqa: S311
    for line in SENTENCES[language].strip().splitlines():
        sentence, _, label = line.partition(" | ")
        subagent, *pairs = label.split()
        for _ in range(OF_EACH):
            words = {key: drawn.choice(some) for key, some in WORDS.items()}
            when = drawn.choice(list(TIMES[language]))
            told = " ".join(pairs).format(w=TIMES[language][when], **words)
            wanted = dict(pair.split("=", 1) for pair in told.split())
            yield sentence.format(w=when, **words), subagent, wanted


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_plain_sentence_of_any_names_is_read_to_the_letter(language: str) -> None:
    for sentence, subagent, wanted in made(language):
        routes = read_all(sentence)
        read = [(one.subagent, folded(one.arguments)) for one in routes]
        assert read == [(subagent, wanted)], sentence
