"""The action classes of NTU RGB+D and NTU RGB+D 120, in the order of their numbers."""

from __future__ import annotations

__all__ = ["NTU60_ACTIONS", "NTU120_ACTIONS", "ntu_actions"]

NTU60_ACTIONS = (
    *("drink water", "eat meal", "brush teeth", "brush hair", "drop", "pick up", "throw", "sit down", "stand up"),
    *("clap", "read", "write", "tear up paper", "put on jacket", "take off jacket", "put on a shoe"),
    *("take off a shoe", "put on glasses", "take off glasses", "put on a hat", "take off a hat", "cheer up"),
    *("wave hand", "kick something", "reach into pocket", "hop", "jump up", "phone call", "play with phone"),
    *("type on a keyboard", "point to something", "take a selfie", "check time", "rub two hands", "nod head or bow"),
    *("shake head", "wipe face", "salute", "put palms together", "cross hands in front", "sneeze or cough"),
    *("stagger", "fall down", "touch head", "touch chest", "touch back", "touch neck", "nausea", "fan self"),
    *("punch other person", "kick other person", "push other person", "pat on back of other person"),
    *("point finger at other person", "hug other person", "give something to other person"),
    *("touch other person's pocket", "shake hands", "walk towards each other", "walk apart from each other"),
)
"""Classes 1 to 60, in our wording."""

NTU120_ACTIONS = (
    *NTU60_ACTIONS,
    *("put on headphone", "take off headphone", "shoot at the basket", "bounce ball", "tennis bat swing"),
    *("juggle table tennis balls", "hush", "flick hair", "thumb up", "thumb down", "make ok sign"),
    *("make victory sign", "staple book", "count money", "cut nails", "cut paper", "snap fingers", "open bottle"),
    *("sniff", "squat down", "toss a coin", "fold paper", "ball up paper", "play magic cube", "apply cream on face"),
    *("apply cream on hand back", "put on bag", "take off bag", "put something into a bag"),
    *("take something out of a bag", "open a box", "move heavy objects", "shake fist", "throw up cap", "hands up"),
    *("cross arms", "arm circles", "arm swings", "run on the spot", "butt kicks", "cross toe touch", "side kick"),
    *("yawn", "stretch oneself", "blow nose", "hit other person with something"),
    *("wield knife towards other person", "knock over other person", "grab other person's stuff"),
    *("shoot at other person with a gun", "step on foot", "high-five", "cheers and drink"),
    *("carry something with other person", "take a photo of other person", "follow other person"),
    *("whisper in other person's ear", "exchange things with other person", "support somebody with hand"),
    "rock-paper-scissors",
)
"""Classes 1 to 120, in our wording."""


def ntu_actions(largest: int) -> tuple[str, ...]:
    """The classes of the smaller data set that has the label `largest`, else those of the larger one."""
    return NTU60_ACTIONS if largest < len(NTU60_ACTIONS) else NTU120_ACTIONS
