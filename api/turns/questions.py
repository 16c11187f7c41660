"""What a door hands in to be answered."""

from dataclasses import dataclass

from agent.approvals import Decision


@dataclass(frozen=True, slots=True)
class Question:
    """What a door hands in. Empty ids are made up.

    `can_ask`: whoever is at this door can be shown what waits for a person, and answer it.
    With `resume` nothing is asked: the turn that stands in the thread goes on, with `decisions`.
    `edit` is the earlier question of the thread that this one stands for, by its id or its run's;
    `after_run` names the run before it instead. Either begins a branch, whose thread is `branch`.
    `fork` is a step (`core.storage.forks`) of the thread that it goes on from in the thread itself: after
    an answer, or with the question of the step, to answer it once more.
    """

    text: str
    thread_id: str = ""
    run_id: str = ""
    language: str = "auto"
    namespace: str = ""
    can_ask: bool = False
    resume: bool = False
    decisions: tuple[Decision, ...] = ()
    edit: str = ""
    after_run: str = ""
    branch: str = ""
    fork: str = ""
