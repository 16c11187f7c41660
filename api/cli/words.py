"""What the command line says, in both languages."""

import locale
import re
from collections.abc import Mapping

from api.cli.source import Language

CJK = re.compile(r"[\u4e00-\u9fff]")

EN: Mapping[str, str] = {
    "sources": "Sources",
    "no_model": "Answered by rules; no model was used.",
    "partial": "Partial answer",
    "thread": "Conversation {thread_id}. Go on with --thread {thread_id}",
    "none_found": "Nothing is wrong in {scope}. Checked: {checked}.",
    "unseen": "Too little of {scope} could be looked at to say whether something is wrong.",
    "notes": "and {count} notes of low severity: {rules} (--notes shows them)",
    "and_more": "and {count} more",
    "anomalies": "{count} of {total} values are anomalous ({method})",
    "level_change": "{at}  level {before} -> {after}",
    "anomaly": "{at}  {value}, expected {expected}  {severity} ({score})",
    "log_kinds": "{kinds} kinds of lines in {lines} lines",
    "a_note": "note, not a fault",
    "kb_nothing": "None of {count} documents is about this. The nearest passages:",
    "kb_no_sources": "No folder was added yet: midwatch kb add PATH.",
    "kb_report": "{added} new, {changed} changed, {removed} removed, {unchanged} unchanged, {skipped_total} skipped",
    "kb_read": "Pages read:",
    "kb_embed": "Passages embedded:",
    "not_checked": "Not checked",
    "evidence": "evidence",
    "fix": "fix",
    "since": "since",
    "verdict_found": "Root cause found",
    "verdict_healthy": "Healthy",
    "verdict_insufficient_data": "Not enough data to tell",
    "ruled_out": "Ruled out",
    "timeline": "Timeline",
    "recommended": "Recommended",
    "everywhere": "every namespace",
    "confidence": "confidence",
    "ok": "ok",
    "off": "off",
    "failed": "FAILED",
    "risk": "Risk",
    "approve": "Do this?",
    "type_name": "High risk: type {wanted} to do this, or nothing to leave it",
    "until": "Waits until {at}Z",
    "how_to_approve": "Go on with: midwatch approve {approval_id} --thread {thread_id} [--deny]",
    "spend_head": "{cost} {currency} from {start} to {end}",
    "spend_whole": "bill {bill} {currency}, of it idle {idle} and overhead {overhead}",
    "spend_columns": "|cost|cpu|memory|other|shared|unused",
    "forecast": "{method}, season: {season}",
    "forecast_point": "{at}  {mean}  {lower} to {upper}",
    "backtest": "tried from {origins} earlier moments: sMAPE {smape} %, MASE {mase}, {coverage} of the values inside the interval",
    "no_season": "none",
    "savings_head": "{monthly} {currency} a month to save; {examined} containers examined, {short} with too little history",
    "savings_columns": "|cpu|memory|a month|confidence",
    "predicted": "{query} ({unit}): now {now}, mean {mean}, peak {peak} at {at}; {method}",
    "serving": "Serving {what} until Ctrl-C.",
}
ZH: Mapping[str, str] = {
    "sources": "来源",
    "no_model": "由规则得出，没有使用模型。",
    "partial": "答案不完整",
    "thread": "会话 {thread_id}，用 --thread {thread_id} 继续",
    "none_found": "{scope} 没有发现问题。已检查：{checked}。",
    "unseen": "{scope} 中能查看的内容太少，无法判断是否有问题。",
    "notes": "另有 {count} 条低级别提示：{rules}（加 --notes 查看）",
    "and_more": "另有 {count} 条未列出",
    "anomalies": "{total} 个值中有 {count} 个异常（{method}）",
    "level_change": "{at}  水平由 {before} 变为 {after}",
    "anomaly": "{at}  {value}，预期 {expected}  {severity}（{score}）",
    "log_kinds": "{lines} 行日志中有 {kinds} 种",
    "a_note": "提示，并非故障",
    "kb_nothing": "{count} 篇文档都与此无关，最接近的段落：",
    "kb_no_sources": "还没有添加过文件夹：midwatch kb add PATH。",
    "kb_report": "新增 {added}，更新 {changed}，移除 {removed}，未变 {unchanged}，跳过 {skipped_total}",
    "kb_read": "已读取页面：",
    "kb_embed": "已生成向量的段落：",
    "not_checked": "未检查",
    "evidence": "证据",
    "fix": "修复",
    "since": "始于",
    "verdict_found": "已找到根因",
    "verdict_healthy": "健康",
    "verdict_insufficient_data": "数据不足，无法判断",
    "ruled_out": "已排除",
    "timeline": "时间线",
    "recommended": "建议",
    "everywhere": "所有命名空间",
    "confidence": "置信度",
    "ok": "正常",
    "off": "未配置",
    "failed": "失败",
    "risk": "风险",
    "approve": "确定执行吗？",
    "type_name": "高风险操作：输入 {wanted} 表示执行，直接回车则放弃",
    "until": "有效期至 {at}Z",
    "how_to_approve": "继续：midwatch approve {approval_id} --thread {thread_id}（加 --deny 表示拒绝）",
    "spend_head": "{start} 至 {end} 共 {cost} {currency}",
    "spend_whole": "总费用 {bill} {currency}，其中闲置 {idle}，公共开销 {overhead}",
    "spend_columns": "|费用|CPU|内存|其他|分摊|未使用",
    "forecast": "{method}，周期：{season}",
    "forecast_point": "{at}  {mean}  {lower} 至 {upper}",
    "backtest": "从 {origins} 个较早时刻回测：sMAPE {smape} %，MASE {mase}，{coverage} 的值落在区间内",
    "no_season": "无",
    "savings_head": "每月可节省 {monthly} {currency}；检查了 {examined} 个容器，其中 {short} 个历史数据太少",
    "savings_columns": "|CPU|内存|每月|置信度",
    "predicted": "{query}（{unit}）：目前 {now}，平均 {mean}，峰值 {peak}，在 {at}；方法 {method}",
    "serving": "正在提供 {what}，按 Ctrl-C 结束。",
}


def chosen(language: Language, words: str = "") -> str:
    """`en` or `zh`: as asked, or that of the words, or that of the terminal."""
    if language is not Language.AUTO:
        return language.value
    if words:
        return "zh" if CJK.search(words) else "en"
    return "zh" if (locale.getlocale(locale.LC_CTYPE)[0] or "").startswith("zh") else "en"


def word(name: str, language: str, **values: object) -> str:
    return (ZH if language == "zh" else EN)[name].format(**values)
