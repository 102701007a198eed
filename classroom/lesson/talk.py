"""Raised hands and the class chat."""

from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.checks import (
    inside,
    invalid,
    no_such_participant,
    printable,
    refuse_in_safe_mode,
)
from classroom.lesson.grants import grants_inside
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.state import Grant, LessonState

MAX_MESSAGE_CHARACTERS = 2_000


def raise_hand(state: LessonState, c: cmd.RaiseHand) -> Decision:
    p = inside(state, c.actor)
    if isinstance(p, Refusal):
        return p
    if Grant.RAISE_HAND not in grants_inside(p):
        return Refusal(RefusalCode.NOT_ALLOWED, "may not raise a hand")
    return () if p.id in state.hands else (ev.HandRaised(participant=p.id),)


def lower_hand(state: LessonState, c: cmd.LowerHand) -> Decision:
    p = inside(state, c.actor)
    if isinstance(p, Refusal):
        return p
    if c.participant != p.id and not c.actor.teaches(state.class_id):
        return Refusal(RefusalCode.NOT_ALLOWED, "somebody else's hand")
    if c.participant not in state.participants:
        return no_such_participant()
    if c.participant not in state.hands:
        return ()
    return (ev.HandLowered(participant=c.participant, by=p.id),)


def send_message(state: LessonState, c: cmd.SendMessage) -> Decision:
    """Sending the same message id again changes nothing."""
    p = inside(state, c.actor)
    if isinstance(p, Refusal):
        return p
    if Grant.CHAT not in grants_inside(p):
        return Refusal(RefusalCode.NOT_ALLOWED, "may not chat")
    if refusal := refuse_in_safe_mode(state, p):
        return refusal
    text = c.text.replace("\r\n", "\n").strip()
    if not 1 <= len(text) <= MAX_MESSAGE_CHARACTERS:
        return invalid(f"a message has 1 to {MAX_MESSAGE_CHARACTERS} characters")
    if not printable(text, allowed="\n\t"):
        return invalid("control characters in the message")
    if any(m.id == c.message for m in state.messages):
        return ()
    return (ev.MessageSent(message=c.message, participant=p.id, text=text),)
