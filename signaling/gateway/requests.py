"""From messages of the socket to commands of the lesson. What concerns media is in ``media_requests``."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from classroom.ids import ConnectionId, MessageId, ParticipantId, RecordingId, ShareId
from classroom.lesson import commands
from classroom.lesson.commands import Command
from classroom.people import Actor
from signaling.gateway.clock import MakeId
from signaling.wire import client


class Sender(Struct, frozen=True):
    actor: Actor
    connection: ConnectionId
    make_id: MakeId


_COMMANDS: dict[type[client.ClientMessage], Callable[[Sender, Any], Command]] = {
    client.Knock: lambda s, _: commands.Knock(s.actor, s.connection),
    client.Withdraw: lambda s, _: commands.Withdraw(s.actor),
    client.Admit: lambda s, m: commands.Admit(s.actor, ParticipantId(m.participant)),
    client.AdmitClass: lambda s, _: commands.AdmitClass(s.actor),
    client.Deny: lambda s, m: commands.Deny(s.actor, ParticipantId(m.participant)),
    client.Remove: lambda s, m: commands.Remove(s.actor, ParticipantId(m.participant)),
    client.Leave: lambda s, _: commands.Leave(s.actor),
    client.StartLesson: lambda s, _: commands.Start(s.actor),
    client.EndLesson: lambda s, _: commands.End(s.actor),
    client.RaiseHand: lambda s, _: commands.RaiseHand(s.actor),
    client.LowerHand: lambda s, m: commands.LowerHand(s.actor, ParticipantId(m.participant)),
    client.Chat: lambda s, m: commands.SendMessage(s.actor, MessageId(s.make_id()), m.text),
    client.AllowSharing: lambda s, m: commands.AllowSharing(s.actor, ParticipantId(m.participant), m.allowed),
    client.Mute: lambda s, m: commands.Mute(s.actor, ParticipantId(m.participant)),
    client.StartRecording: lambda s, _: commands.StartRecording(s.actor, RecordingId(s.make_id())),
    client.StopRecording: lambda s, _: commands.StopRecording(s.actor),
    client.PauseRecording: lambda s, _: commands.PauseRecording(s.actor),
    client.ResumeRecording: lambda s, _: commands.ResumeRecording(s.actor),
    client.AcknowledgeRecording: lambda s, _: commands.AcknowledgeRecording(s.actor),
    client.MarkChapter: lambda s, m: commands.MarkChapter(s.actor, m.title, m.ago_ms),
    client.AllowReplay: lambda s, m: commands.AllowReplay(s.actor, m.allowed),
    client.StopShare: lambda s, m: commands.StopShare(s.actor, ShareId(m.share)),
    client.PauseShare: lambda s, m: commands.PauseShare(s.actor, ShareId(m.share)),
    client.ResumeShare: lambda s, m: commands.ResumeShare(s.actor, ShareId(m.share)),
}


def command_of(message: client.ClientMessage, sender: Sender) -> Command | None:
    """None for messages that ask nothing of the lesson's rules by themselves."""
    make = _COMMANDS.get(type(message))
    return None if make is None else make(sender, message)
