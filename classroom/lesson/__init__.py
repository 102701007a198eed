"""One lesson: commands in, events out, state folded from events, views projected from state.

``decide(state, command, now)`` answers with events or a refusal; ``evolve(state, event)`` folds one
event in. Every permission check of the product lives in ``decide``.
"""
