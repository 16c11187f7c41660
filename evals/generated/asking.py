"""How people put it, in both languages."""

from random import Random

Words = tuple[tuple[str, ...], tuple[str, ...]]

COMPLAINTS: dict[str, Words] = {
    "down": (
        (
            "{name} is down, why?",
            "What is wrong with {name} in {space}?",
            "Users say {name} does not answer. Find the cause.",
            "{name} has been failing for {minutes} minutes, please look",
        ),
        (
            "{name} 挂了，为什么？",
            "帮我看看 {space} 里的 {name} 出了什么问题",
            "用户反馈 {name} 没有响应，根因是什么",
            "{name} 已经故障 {minutes} 分钟了，查一下",
        ),
    ),
    "pending": (
        (
            "Why are pods of {name} Pending?",
            "{name} does not get its pods scheduled, what blocks them?",
            "pods missing for {name} in {space}",
        ),
        (
            "{name} 的 Pod 为什么一直 Pending？",
            "{name} 副本起不来，卡在哪里",
            "{space} 里 {name} 少了 Pod，原因？",
        ),
    ),
    "restarts": (
        (
            "Why does {name} keep restarting?",
            "{name} in {space} restarts again and again",
            "What kills {name}?",
        ),
        ("{name} 为什么不停重启？", "{space} 的 {name} 反复重启，帮忙分析", "是什么把 {name} 杀掉的"),
    ),
    "rollout": (
        (
            "The deployment of {name} does not finish. Why?",
            "New version of {name} does not come up",
            "Rollout of {name} in {space} hangs",
        ),
        ("{name} 的发布一直没完成，为什么？", "{name} 新版本起不来", "{space} 里 {name} 的滚动更新卡住了"),
    ),
    "slow": (
        ("Why is {name} slow?", "{name} times out since about {minutes} minutes", "Latency of {name} went up, why?"),
        ("{name} 为什么变慢了？", "{name} 大约 {minutes} 分钟前开始超时", "{name} 延迟升高，什么原因"),
    ),
    "odd": (
        ("What is the matter with {name} in {space}?", "Something is off with {name}, find out why"),
        ("{space} 的 {name} 有什么问题？", "{name} 不对劲，查一下原因"),
    ),
    "fine": (
        (
            "{name} is broken, fix it!",
            "Is anything wrong in {space}?",
            "Customers complain about {name}. What is the root cause?",
        ),
        ("{name} 坏了，快修！", "{space} 有没有异常？", "客户投诉 {name}，根因是什么？"),
    ),
}  # fmt: skip


def questions(
    dice: Random, complaint: str, *, name: str, space: str, minutes: float
) -> tuple[list[str], list[str]]:
    """Two wordings of a complaint in English and two in Chinese."""
    drawn = (dice.sample(words, 2) for words in COMPLAINTS[complaint])
    said = {"name": name, "space": space, "minutes": round(minutes)}
    english, chinese = ([one.format(**said) for one in each] for each in drawn)
    return english, chinese
