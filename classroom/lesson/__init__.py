"""One lesson: commands in, events out, state folded from events, views projected from state.

``decide(state, command, now)`` answers with events or a refusal; ``evolve(state, recorded)`` folds one
event in. Every permission check of the product lives behind ``decide``, by subject: ``admission``,
``presence``, ``shares``, ``talk``; what they have in common is in ``checks`` and ``grants``.
``project`` makes what each account may see (``audience``, ``parts``) and what changed of it
(``viewchange``); ``stage`` says what of the shares is seen and heard.

Invariant: pure; state is never changed, only made anew; nothing is told of an event that is not in the
log. Everybody may import it; it imports only its siblings ``ids`` and ``people``.
"""
