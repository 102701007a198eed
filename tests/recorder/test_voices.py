"""Opus through libopus and through PyAV: the same sound, and nothing breaks them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import libopus, voices
from recorder.mixer import FRAME, Mixer
from tests.recorder.kit.material import tone_packets

needs_libopus = pytest.mark.skipif(libopus.library() is None, reason="PyAV brings no libopus here")


def heard(decoder, packets):
    return np.concatenate([np.copy(decoder.decode(packet)) for packet in packets])


@needs_libopus
def test_both_ways_sound_the_same():
    packets = tone_packets(50)
    one, two = heard(libopus.Decoder(), packets), heard(voices.AvDecoder(), packets)
    assert one.shape == (50 * FRAME, 2)
    shift = len(one) - len(two)  # PyAV leaves the encoder's delay out
    assert 0 <= shift < FRAME
    assert np.sqrt(np.mean((one[shift + 4800 :] - two[4800:]) ** 2)) < 0.01


@pytest.mark.parametrize("make", [voices.encoder, voices.AvEncoder])
def test_what_is_encoded_is_heard(make):
    encoder, decoder = make(), voices.decoder()
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(50 * FRAME) / 48000)
    frames = np.repeat(wave.astype(np.float32)[:, None], 2, axis=1).reshape(50, FRAME, 2)
    packets = [packet for frame in frames if (packet := encoder.encode(frame))]
    assert len(packets) >= 49
    sound = heard(decoder, packets)[4800:]
    assert abs(float(np.sqrt(np.mean(sound**2))) - 0.212) < 0.02
    assert max(map(len, packets)) < 400


@given(st.lists(st.binary(min_size=3, max_size=60), max_size=8))
def test_rubbish_is_none_or_bounded_sound(packets):
    mixer = Mixer()
    voice = mixer.voice()
    for index, packet in enumerate(packets):
        voice.add(index * 20.0, packet)
    assert len(mixer.mix(400)) == 20
    assert mixer.mix(400) == []
    mixer.leave(voice)
    mixer.leave(voice)


def test_a_voice_that_leaves_has_said_everything():
    mixer = Mixer()
    voice = mixer.voice()
    for index, packet in enumerate(tone_packets(20)):
        voice.add(index * 20.0, packet)
    voice.add(400.0, b"\xfc")  # DTX
    mixer.leave(voice)
    sound = heard(voices.decoder(), [packet for _, packet in mixer.mix(400)])
    assert float(np.abs(sound[9600:]).max()) > 0.2


def test_silence_costs_no_encoder():
    mixer = Mixer()
    assert {packet for _, packet in mixer.mix(10_000)} == {b"\xfc\xff\xfe"}
    assert mixer._encoder is None
    decoded = heard(voices.decoder(), [b"\xfc\xff\xfe"] * 10)
    assert float(np.abs(decoded).max()) < 1e-20, "digital silence"
