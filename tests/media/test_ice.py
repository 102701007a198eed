"""STUN messages and the ICE-lite agent, with time as an argument."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import stun
from media.ice import CONSENT_SECONDS, MAX_ADDRESSES, SILENT_SECONDS, Credentials, IceAgent, new_credentials

# RFC 5769 §2.1
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
# RFC 5769 §2.2
RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


def test_rfc_5769_request():
    message = stun.parse(REQUEST)
    assert message is not None
    assert message.username == "evtj:h6vY"
    assert message.attributes[stun.Attribute.PRIORITY] == bytes.fromhex("6e0001ff")
    assert message.is_authentic(PASSWORD)
    assert not message.is_authentic(PASSWORD[:-1])


def test_rfc_5769_response():
    message = stun.parse(RESPONSE)
    assert message is not None
    assert message.type == stun.Type.SUCCESS
    assert message.is_authentic(PASSWORD)
    mapped = message.attributes[stun.Attribute.XOR_MAPPED_ADDRESS]
    assert stun.decode_address(mapped, message.transaction) == ("192.0.2.1", 32853)


@pytest.mark.parametrize("position", range(len(REQUEST)))
def test_a_changed_byte_is_refused(position):
    damaged = bytearray(REQUEST)
    damaged[position] ^= 0x41
    message = stun.parse(bytes(damaged))
    assert message is None or not message.is_authentic(PASSWORD)


@pytest.mark.parametrize(
    ("ip", "told"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_addresses(ip, told):
    transaction = bytes(range(12))
    assert stun.decode_address(stun.encode_address(ip, 40001, transaction), transaction) == (told, 40001)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    message = stun.parse(data)
    assert message is None or not message.is_authentic(b"x")


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=30)), max_size=40))
def test_any_attributes_are_read_or_refused(attributes):
    message = stun.parse(stun.build(stun.Type.REQUEST, bytes(12), attributes, b"password"))
    assert message is None or len(message.attributes) <= len(attributes) + 2


def check(agent, address, now, *, nominate=True, credentials=None):
    ufrag, password = credentials or agent.credentials
    request = stun.parse(stun.binding_request(f"{ufrag}:them", password.encode(), 1, 2, nominate))
    assert request is not None
    return agent.check(request, address, "192.0.2.7", 5000, now)


def test_answers_and_selects_what_is_nominated():
    agent = IceAgent(new_credentials())
    first = check(agent, "a", 0.0, nominate=False)
    assert first is not None
    answer = stun.parse(first.response)
    assert answer is not None
    assert answer.is_authentic(agent.credentials.password.encode())
    assert stun.decode_address(answer.attributes[stun.Attribute.XOR_MAPPED_ADDRESS], answer.transaction) == (
        "192.0.2.7",
        5000,
    )
    assert agent.selected == "a", "until something is nominated, the first that works"
    assert check(agent, "b", 1.0, nominate=False).selected is False
    assert check(agent, "b", 2.0).selected is True
    assert check(agent, "a", 3.0, nominate=False).selected is False
    assert agent.selected == "b"
    assert set(agent.addresses) == {"a", "b"}


def test_refuses_wrong_names_passwords_and_kinds():
    agent = IceAgent(Credentials("ours", "secret"))
    assert check(agent, "a", 0.0, credentials=("ours", "guess")) is None
    assert check(agent, "a", 0.0, credentials=("other", "secret")) is None
    response = stun.parse(stun.build(stun.Type.SUCCESS, bytes(12), [], b"secret"))
    assert response is not None
    assert agent.check(response, "a", "192.0.2.7", 1, 0.0) is None
    assert agent.addresses == ()


def test_consent_expires_and_comes_back():
    agent = IceAgent(new_credentials())
    check(agent, "a", 100.0)
    assert agent.expire(100.0 + CONSENT_SECONDS - 0.1) == ((), False)
    assert agent.selected == "a"
    assert agent.expire(100.0 + CONSENT_SECONDS) == (("a",), True)
    assert agent.selected is None
    assert agent.expire(200.0) == ((), False)
    again = check(agent, "a", 140.0)
    assert again is not None
    assert again.selected
    assert agent.expire(141.0) == ((), False)


def test_consent_is_an_addresss_own():
    """Nobody who goes on checking from elsewhere keeps a stream going to an address that fell silent."""
    agent = IceAgent(new_credentials())
    check(agent, "own", 0.0)
    check(agent, "victim", 1.0)
    assert agent.selected == "victim"
    check(agent, "own", 20.0, nominate=False)
    assert agent.expire(1.0 + CONSENT_SECONDS) == (("victim",), True)
    assert agent.selected == "own"
    assert agent.addresses == ("own",)


def test_restart_keeps_the_old_until_the_new_is_nominated():
    agent = IceAgent(new_credentials())
    old = agent.credentials
    check(agent, "a", 0.0)
    assert agent.restart(new_credentials()) == ()
    assert check(agent, "a", 1.0, credentials=old) is not None, "checks in flight are answered"
    assert check(agent, "b", 1.5, nominate=False).selected is False
    done = check(agent, "b", 2.0)
    assert done.selected
    assert done.retired == (old.ufrag,)
    assert check(agent, "a", 3.0, credentials=old) is None
    assert agent.selected == "b"


def test_a_restart_after_silence_moves_at_the_first_check():
    agent = IceAgent(new_credentials())
    check(agent, "udp", 0.0)
    agent.restart(new_credentials())
    at = SILENT_SECONDS - 0.1
    assert check(agent, "tcp", at, nominate=False).selected is False, "the way in use was heard of just now"
    moved = check(agent, "tcp", SILENT_SECONDS, nominate=False)
    assert moved.selected
    assert moved.after_silence
    again = check(agent, "udp", 10.0)
    assert again.selected, "what the browser nominates counts"
    assert again.after_silence


def test_without_a_restart_silence_moves_nothing():
    agent = IceAgent(new_credentials())
    check(agent, "udp", 0.0)
    assert check(agent, "tcp", 20.0, nominate=False).selected is False
    assert check(agent, "tcp", 21.0).selected is True


def test_two_restarts_give_up_the_oldest():
    agent = IceAgent(new_credentials())
    first = agent.credentials
    agent.restart(new_credentials())
    assert agent.restart(new_credentials()) == (first.ufrag,)
    assert check(agent, "a", 0.0, credentials=first) is None


def test_addresses_are_bounded():
    agent = IceAgent(new_credentials())
    check(agent, "selected", 0.0)
    for index in range(100):
        check(agent, index, 1.0 + index, nominate=False)
    assert len(agent.addresses) == MAX_ADDRESSES
    assert agent.selected == "selected"


def test_a_lost_connection_gives_way_to_another():
    agent = IceAgent(new_credentials())
    check(agent, "a", 0.0)
    check(agent, "b", 1.0, nominate=False)
    assert agent.forget("a")
    assert agent.selected == "b"
    assert agent.forget("b")
    assert agent.selected is None


def test_credentials_are_long_and_differ():
    made = {new_credentials() for _ in range(200)}
    assert len(made) == 200
    assert all(len(c.ufrag) >= 4 and len(c.password) >= 22 for c in made)


def test_random_mutations_never_pass():
    rng = random.Random(7)
    for _ in range(2000):
        data = bytearray(REQUEST)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        if bytes(data) != REQUEST:
            message = stun.parse(bytes(data))
            assert message is None or not message.is_authentic(PASSWORD)
