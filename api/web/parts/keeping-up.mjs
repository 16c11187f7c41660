// What a reader sees while an answer grows: its beginning, its end, or wherever they scrolled to.
import { useEffect, useRef, useState } from "preact/hooks";

const NEAR_END_PX = 80;
const ABOVE_PX = 12;

// `box` scrolls; `last` names the newest turn in it. A new turn is shown from its question on, as far as
// there is something below it: who asks reads from the beginning. Who scrolls away is left there.
export function useKeepingUp(box, last) {
  const kept = useRef({ at: "question", top: 0 });
  const [atEnd, setAtEnd] = useState(true);
  const look = () => setAtEnd(left(box.current) < NEAR_END_PX);
  const keepUp = () => {
    if (!box.current) return; // the page beside it is open
    const top = wanted(box.current, kept.current.at);
    if (top !== null) box.current.scrollTop = top;
    kept.current.top = box.current.scrollTop;
    look();
  };
  const begin = (at) => {
    kept.current.at = at;
    keepUp();
  };
  const scrolled = () => {
    if (!box.current) return;
    // Where it was put by us, or by what above it grew smaller, says nothing about the reader.
    if (Math.abs(box.current.scrollTop - kept.current.top) < 2) return;
    kept.current = { at: left(box.current) < NEAR_END_PX ? "end" : "", top: box.current.scrollTop };
    look();
  };
  useEffect(() => begin("question"), [last]);
  useEffect(() => {
    const sizes = new ResizeObserver(keepUp);
    sizes.observe(box.current);
    sizes.observe(box.current.firstElementChild);
    return () => sizes.disconnect();
  }, []);
  return { atEnd, scrolled, toEnd: () => begin("end") };
}

function left(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}

// How far to scroll; null to stay.
function wanted(box, at) {
  if (!at) return null;
  const end = box.scrollHeight - box.clientHeight;
  const newest = at === "question" && box.querySelector(".turn:last-of-type");
  if (!newest) return end;
  const above = newest.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
  return Math.max(0, Math.min(end, above - ABOVE_PX));
}
