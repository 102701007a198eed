"""The stable codes of the socket, with what they mean. Clients translate by them."""

ERRORS: dict[str, str] = {
    "bad_message": "Not a message of this protocol. `id` is null where it could not be read.",
    "rate_limited": "Too many messages; this one was not looked at.",
    "not_allowed": "This account may not do this.",
    "not_admitted": "Not in the lesson, or in it over another connection.",
    "removed": "Put out of this lesson.",
    "denied": "Not let in.",
    "lesson_not_found": "No such lesson.",
    "lesson_not_live": "The lesson has not started.",
    "lesson_ended": "The lesson has ended.",
    "lesson_full": "No place is left.",
    "already": "It is so already.",
    "no_such_participant": "No such participant.",
    "no_such_share": "No such share.",
    "safe_mode": "No teacher is connected: student media and chat wait.",
    "not_acknowledged": "The lesson is recorded, and the participant has not yet said to know of it.",
    "not_recording": "No recording is running.",
    "disk_full": "Too little space is left for a recording.",
    "invalid": "A value that cannot be.",
    "media_unavailable": "No media worker has the lesson at the moment; `media_reset` comes when one has.",
    "no_such_router": "The worker has just been replaced; `media_reset` follows.",
    "no_such_transport": "Not one of this participant's transports, or of the wrong direction.",
    "no_such_producer": "The share's media is gone.",
    "no_such_consumer": "Not one of this participant's consumers.",
    "outdated": "Something newer is known of the share's still.",
    "unsupported": "The media worker cannot carry these parameters.",
    "busy": "Could not be done or stored just now; try again.",
    "internal": "A fault of the server; its log says more.",
}

BYES: dict[str, str] = {
    "replaced": "The account is in this lesson on a newer device or page. Do not reconnect.",
    "removed": "A teacher put this participant out. Do not reconnect.",
    "denied": "Kept for later versions.",
    "left": "The answer to `leave`. Reconnect and `knock` to come back.",
    "ended": "The lesson is over.",
    "signed_out": "The session is over, here or elsewhere. Sign in again.",
    "shutting_down": "The server stops or restarts. Reconnect, with growing pauses.",
}

CLOSES: dict[int, str] = {
    1000: "After `bye`.",
    1006: "Nothing was said: the network, a silent or a slow client (4 s without a word; 1,024 unread messages). "
    "Reconnect.",
    1008: "Too many messages that are not of this protocol, or far too many messages.",
    1009: "A message over 64 KB.",
}
