"""The names of blueprints in the node library: those of the page's language, for ours alone, however late they come."""

from __future__ import annotations

SCRIPT = """
import { nameBlueprints } from "./locales.js";
const store = { subgraphBlueprints: given.early };
let pauses = 0;
const pause = async () => {
  if (++pauses === 3) store.subgraphBlueprints = [...given.early, ...given.late];
};
await nameBlueprints(store, given.words, pause);
answer({ pauses, shown: store.subgraphBlueprints.map((one) => [one.display_name, one.description]) });
"""


def test_our_blueprints_are_named_when_they_are_there_and_a_users_own_of_the_same_title_is_left(javascript):
    def blueprint(name: str, title: str) -> dict[str, str]:
        return {"name": f"SubgraphBlueprint.{name}", "display_name": title, "description": "English"}

    given = {
        "words": {title: {"title": f"{title}!", "description": "Words"} for title in ("Recapture", "Join Pictures")},
        "early": [blueprint("f00d", "Recapture"), blueprint("Join Pictures", "Join Pictures"), blueprint("cafe", "Other")],
        "late": [blueprint("beef", "Join Pictures")],
    }
    answer = javascript(SCRIPT, given)
    assert answer["pauses"] == 3
    assert answer["shown"] == [
        ["Recapture!", "Words"],
        ["Join Pictures", "English"],
        ["Other", "English"],
        ["Join Pictures!", "Words"],
    ]
