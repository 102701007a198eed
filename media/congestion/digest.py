"""What the fanout tells of one outlet."""

from msgspec import Struct


class Digest(Struct, frozen=True, gc=False):
    """Everything since the last digest of the same outlet; made only when transport-cc feedback came.

    Octets are those of whole RTP packets with SRTP and without UDP and IP, of voice, video, RTX and padding alike.

    ``acked_*``: reported as arrived. ``lost_packets``: reported as missing. Each number counts once, as what it is
    reported first. ``sent_octets``: handed to the network. ``voice_octets``: of these, audio. ``probe_octets``: of
    these, padding.

    ``delay_*_us``: over the packets acked, the receiver's arrival clock minus our send clock. The clocks have
    different zeros and run up to 200 ppm apart, so only differences over seconds mean anything; may be negative.
    ``last``: of the packet with the highest number. All 0 and without meaning when ``acked_packets`` is 0.
    ``arrived_us``: when that one arrived, by the receiver's clock: between two digests exactly ``acked_octets`` of the later
    came, however irregular the feedback is.

    ``rtt_us``: arrival of the feedback minus the sending of the newest packet it acks, so with the receiver's own
    wait for the next report in it; 0 unknown. ``queued_octets``, ``queue_delay_us``: what waits in the pacer at this
    moment and how long the oldest packet has.
    """

    acked_packets: int = 0
    acked_octets: int = 0
    lost_packets: int = 0
    sent_octets: int = 0
    voice_octets: int = 0
    probe_octets: int = 0
    delay_min_us: int = 0
    delay_mean_us: int = 0
    delay_last_us: int = 0
    delay_max_us: int = 0
    arrived_us: int = 0
    rtt_us: int = 0
    queued_octets: int = 0
    queue_delay_us: int = 0
