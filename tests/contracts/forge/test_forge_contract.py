"""What the `Forge` port promises, on the local forge over real git."""

import asyncio
import json
from dataclasses import replace

import pytest

from courier.errors import Conflict, Misconfigured, NotFound
from courier.forges.local import LocalForge
from courier.ports.forges import Changes, Forge
from courier.ports.repository import Identity
from courier.ports.state import WriteFile
from courier.runs.pullrequests.checks import Check
from courier.storage.state import StateBranch
from tests.contracts.forge.conftest import Place
from tests.contracts.scratch import git

HANA = Identity("Hana", "hana@example.org")


class TestProposing:
    async def test_numbers_count_from_one(self, place: Place) -> None:
        forge: Forge = place.forge
        one = await forge.propose(await place.work("a"))
        two = await forge.propose(await place.work("c"))
        assert (one.number, two.number) == (1, 2)
        assert (one.status, one.title, one.run) == ("created", "Add a", "a")
        assert await forge.get(1) == one
        assert [pull.number for pull in await forge.list()] == [2, 1]
        assert one.forge == place.kind

    async def test_the_record_is_on_the_state_branch(self, local_place: Place) -> None:
        one = await local_place.forge.propose(await local_place.work("a"))
        origin = local_place.scratch.origin
        told = json.loads(git("show", "courier/state:proposals/1.json", cwd=origin))
        assert (told["number"], told["branch"], told["head"]) == (1, "courier/agent/a", one.head)

    async def test_proposing_twice_is_once_and_brings_it_up_to_date(self, place: Place) -> None:
        proposed = await place.work("a")
        first = await place.forge.propose(proposed)
        assert await place.forge.propose(proposed) == first
        await place.clock.advance(60)
        again = await place.forge.propose(replace(proposed, title="Better", body="More."))
        assert (again.number, again.title, again.body) == (1, "Better", "More.")
        assert again.created_at == first.created_at < again.updated_at
        assert len(await place.forge.list()) == 1

    async def test_another_run_on_the_same_open_branch_takes_it_over(self, place: Place) -> None:
        first = await place.forge.propose(await place.work("a", run="learnings"))
        second = await place.forge.propose(
            replace(await place.work("c", run="learnings"), run="later")
        )
        assert (second.number, second.run) == (1, "later")
        assert second.head != first.head

    async def test_nothing_to_merge_is_skipped(self, place: Place) -> None:
        head = (await place.mirror.head()).commit
        git("branch", "same", head, cwd=place.scratch.origin)
        proposed = replace(await place.work("a"), branch="same", head=head)
        skipped = await place.forge.propose(proposed)
        assert (skipped.status, skipped.number) == ("skipped", 0)
        assert await place.forge.list() == []

    async def test_a_tree_that_came_back_to_the_base_is_skipped(self, place: Place) -> None:
        proposed = await place.work("a")
        back = await place.mirror.squash(
            (await place.mirror.head()).commit, onto=proposed.head, message="x", author=HANA
        )
        await place.mirror.push(back, branch=proposed.branch, expected=proposed.head)
        assert (await place.forge.propose(replace(proposed, head=back))).status == "skipped"

    async def test_an_unknown_base_is_not_found(self, place: Place) -> None:
        with pytest.raises(NotFound):
            await place.forge.propose(replace(await place.work("a"), base="nowhere"))

    async def test_what_was_decided_stays_decided_when_proposed_again(self, place: Place) -> None:
        one, two = await place.work("a"), await place.work("c")
        await place.forge.propose(one)
        await place.forge.propose(two)
        await place.forge.merge(1, by=HANA)
        await place.forge.close(2, by=HANA)
        assert (await place.forge.propose(one)).status == "merged"
        assert (await place.forge.propose(two)).status == "closed"
        assert len(await place.forge.list()) == 2

    @pytest.mark.slow
    async def test_two_writers_never_share_or_waste_a_proposal(self, local_place: Place) -> None:
        beside_mirror = await local_place.scratch.mirror(
            folder=local_place.scratch.folder / "beside"
        ).open()
        beside_state = StateBranch(beside_mirror)
        beside = LocalForge(
            repository=beside_mirror, state=beside_state, clock=beside_mirror.plumbing.clock
        )
        work = [await local_place.work(f"f{number}") for number in range(4)]
        pulls = await asyncio.gather(
            *(forge.propose(one) for one in work for forge in (local_place.forge, beside))
        )
        assert {pull.run: pull.number for pull in pulls} == {
            pull.run: pull.number for pull in reversed(pulls)
        }
        listed = await local_place.forge.list()
        assert sorted(pull.run for pull in listed) == ["f0", "f1", "f2", "f3"]
        assert len({pull.number for pull in listed}) == 4
        await beside_state.close()
        await beside_mirror.close()


class TestMerging:
    async def test_a_merge_is_told_in_the_commit_and_on_record(self, place: Place) -> None:
        proposed = await place.work("a")
        await place.forge.propose(proposed)
        merged = await place.forge.merge(1, by=HANA)
        assert merged.status == "merged"
        assert merged.merge_commit == place.scratch.tip()
        assert merged.decided_by == place.who(HANA)
        shown = git("log", "-1", "--format=%an%n%P%n%B", "main", cwd=place.scratch.origin)
        assert shown.splitlines()[0] == ("Hana" if place.kind == "local" else "GitHub")
        assert proposed.head in shown.splitlines()[1]
        for trailer in (
            "Courier-Proposal: 1",
            "Courier-Run: a",
            "Reviewed-by: Hana <hana@example.org>",
        ):
            assert trailer in shown.splitlines()
        assert await place.forge.merge(1, by=HANA) == merged

    async def test_a_squash_has_one_parent(self, place: Place) -> None:
        await place.forge.propose(await place.work("a"))
        merged = await place.forge.merge(1, by=HANA, squash=True)
        assert merged.merge_commit is not None
        parents = git("show", "-s", "--format=%P", merged.merge_commit, cwd=place.scratch.origin)
        assert len(parents.split()) == 1

    async def test_a_title_cannot_forge_trailers(self, place: Place) -> None:
        proposed = await place.work("a")
        title = "x\n\nCourier-Proposal: 9\nCourier-Run: other"
        await place.forge.propose(replace(proposed, title=title))
        await place.forge.merge(1, by=HANA)
        shown = git("log", "-1", "--format=%(trailers)", "main", cwd=place.scratch.origin)
        assert "Courier-Proposal: 9" not in shown.splitlines()

    async def test_conflicts_name_files_and_leave_it_open(self, place: Place) -> None:
        await place.forge.propose(await place.work("b.txt", "theirs\n"))
        place.scratch.commit({"b.txt": "ours\n"})
        place.scratch.push()
        with pytest.raises(Conflict, match=r"b\.txt" if place.kind == "local" else "#1"):
            await place.forge.merge(1, by=HANA)
        assert (await place.forge.get(1)).status == "created"

    async def test_a_head_that_moved_must_be_looked_at_first(self, local_place: Place) -> None:
        proposed = await local_place.work("a")
        await local_place.forge.propose(proposed)
        git("checkout", "-q", proposed.branch, cwd=local_place.scratch.human)
        moved = local_place.scratch.commit({"a": "other\n"})
        local_place.scratch.push(f"HEAD:refs/heads/{proposed.branch}")
        with pytest.raises(Conflict) as caught:
            await local_place.forge.merge(1, by=HANA)
        assert "courier pr show 1" in caught.value.next_step
        assert (await local_place.forge.get(1)).head == moved
        assert (await local_place.forge.merge(1, by=HANA)).status == "merged"

    async def test_closed_and_merged_exclude_each_other(self, place: Place) -> None:
        await place.forge.propose(await place.work("a"))
        await place.forge.propose(await place.work("c"))
        closed = await place.forge.close(1, by=HANA)
        assert (closed.status, closed.decided_by) == ("closed", place.who(HANA))
        assert await place.forge.close(1, by=HANA) == closed
        with pytest.raises(Conflict):
            await place.forge.merge(1, by=HANA)
        await place.forge.merge(2, by=HANA)
        with pytest.raises(Conflict):
            await place.forge.close(2, by=HANA)
        assert [pull.number for pull in await place.forge.list(status="closed")] == [1]

    async def test_many_are_looked_at_together(self, place: Place) -> None:
        one = await place.forge.propose(await place.work("a"))
        two = await place.forge.propose(await place.work("c"))
        closed = await place.forge.close(two.number, by=HANA)
        assert await place.forge.look([one.number, two.number, 77]) == {
            one.number: one,
            two.number: closed,
        }
        assert await place.forge.look([]) == {}

    async def test_text_base_and_draft_can_be_changed_while_it_is_open(self, place: Place) -> None:
        number = (await place.forge.propose(await place.work("a"))).number
        git("branch", "next", "main", cwd=place.scratch.origin)
        changed = await place.forge.change(
            number, Changes(title="Other", body="Words.", base="next", draft=True)
        )
        told = (changed.title, changed.body, changed.base, changed.draft)
        assert told == ("Other", "Words.", "next", True)
        assert await place.forge.get(number) == changed
        ready = await place.forge.change(number, Changes(draft=False))
        assert (ready.draft, ready.title) == (False, "Other")
        with pytest.raises(NotFound):
            await place.forge.change(number, Changes(base="nowhere"))
        await place.forge.close(number, by=HANA)
        with pytest.raises(Conflict):
            await place.forge.change(number, Changes(title="Late"))

    async def test_a_comment_of_one_key_is_replaced_and_others_stay(self, place: Place) -> None:
        number = (await place.forge.propose(await place.work("a"))).number
        await place.forge.comment(number, "plan", "Two runs.")
        await place.forge.comment(number, "status", "Red.")
        await place.forge.comment(number, "plan", "Three runs.\n")
        assert await place.forge.comments(number) == {"plan": "Three runs.\n", "status": "Red."}

    async def test_what_nothing_blocks_is_merged_at_once(self, place: Place) -> None:
        number = (await place.forge.propose(await place.work("a"))).number
        merged = await place.forge.merge_when_green(number, by=HANA, squash=True)
        assert (merged.status, merged.merge_commit) == ("merged", place.scratch.tip("main"))
        assert (await place.forge.merge_when_green(number, by=HANA)) == merged
        closed = (await place.forge.propose(await place.work("c"))).number
        await place.forge.close(closed, by=HANA)
        with pytest.raises(Conflict):
            await place.forge.merge_when_green(closed, by=HANA)

    async def test_what_is_to_merge_by_itself_waits_for_its_checks(self, place: Place) -> None:
        pull = await place.forge.propose(await place.work("a"))
        await place.tell(pull.head, Check(name="tests", status="pending"))
        waiting = await place.forge.merge_when_green(pull.number, by=HANA)
        assert (waiting.status, waiting.auto_merge) == ("created", "merge")
        await place.tell(pull.head, Check(name="tests", status="failure"))
        assert (await place.forge.get(pull.number)).status == "created"
        await place.tell(pull.head, Check(name="tests", status="success"))
        assert (await place.forge.get(pull.number)).status == "merged"

    async def test_what_merges_by_itself_does_so_once_it_is_no_draft(self, place: Place) -> None:
        proposed = replace(await place.work("a"), draft=True, auto_merge=True)
        number = (await place.forge.propose(proposed)).number
        assert (await place.forge.get(number)).status == "created"
        await place.forge.propose(replace(proposed, draft=False))
        assert (await place.forge.get(number)).status == "merged"

    @pytest.mark.parametrize("after", [("tests", "lint"), ()])
    async def test_what_merges_by_itself_waits_for_the_checks_it_names(
        self, place: Place, after: tuple[str, ...]
    ) -> None:
        work = await place.work("a")
        proposed = replace(work, auto_merge=True, after_checks=after)
        number = (await place.forge.propose(proposed)).number

        async def status() -> str:
            # Somebody who follows the checks proposes it again.
            await place.forge.propose(proposed)
            return (await place.forge.get(number)).status

        assert await status() == "created"
        await place.tell(work.head, Check(name="lint", status="pending"), required=False)
        assert await status() == "created"
        await place.tell(work.head, Check(name="lint", status="success"), required=False)
        assert await status() == ("created" if after else "merged")
        await place.tell(work.head, Check(name="tests", status="success"), required=False)
        assert await status() == "merged"

    async def test_what_conflicts_does_not_merge_by_itself_and_stays_open(
        self, place: Place
    ) -> None:
        proposed = replace(await place.work("b.txt", "theirs\n"), auto_merge=True)
        place.scratch.commit({"b.txt": "ours\n"}, "Change b")
        place.scratch.push()
        number = (await place.forge.propose(proposed)).number
        assert (await place.forge.get(number)).status == "created"
        with pytest.raises(Conflict):
            await place.forge.merge_when_green(number, by=HANA)

    async def test_no_such_proposal(self, place: Place) -> None:
        for asked in (
            place.forge.get(7),
            place.forge.merge(7, by=HANA),
            place.forge.close(7, by=HANA),
            place.forge.change(7, Changes(title="x")),
            place.forge.merge_when_green(7, by=HANA),
            place.forge.comment(7, "plan", "x"),
            place.forge.comments(7),
        ):
            with pytest.raises(NotFound):
                await asked

    async def test_a_broken_record_says_where(self, local_place: Place) -> None:
        await local_place.state.write([WriteFile("proposals/1.json", b"{}")], message="x")
        with pytest.raises(Misconfigured, match=r"proposals/1\.json"):
            await local_place.forge.list()


class TestMergesByHand:
    """However a human merges, the next look notices."""

    async def _proposed(self, place: Place) -> tuple[str, str]:
        proposed = await place.work("a", "one\n")
        git("checkout", "-q", proposed.branch, cwd=place.scratch.human)
        head = place.scratch.commit({"a": "one\ntwo\n"})
        place.scratch.push(f"HEAD:refs/heads/{proposed.branch}")
        git("checkout", "-q", "main", cwd=place.scratch.human)
        await place.mirror.fetch()
        await place.forge.propose(replace(proposed, head=head))
        place.scratch.commit({"unrelated": "x\n"})
        return proposed.branch, head

    async def _seen(self, place: Place) -> str:
        place.scratch.push()
        pull = await place.forge.get(1)
        assert (await place.forge.list())[0] == pull
        return pull.status

    async def test_nothing_yet(self, place: Place) -> None:
        await self._proposed(place)
        assert await self._seen(place) == "created"

    async def test_a_merge(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("merge", "-q", "--no-edit", branch, cwd=place.scratch.human)
        assert await self._seen(place) == "merged"

    async def test_a_merge_whose_branch_is_gone(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("merge", "-q", "--no-edit", branch, cwd=place.scratch.human)
        git("push", "-q", "origin", f":{branch}", cwd=place.scratch.human)
        assert await self._seen(place) == "merged"

    async def test_a_squash(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("merge", "-q", "--squash", branch, cwd=place.scratch.human)
        place.scratch.commit({}, "Squashed")
        assert await self._seen(place) == "merged"

    async def test_a_rebase(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("checkout", "-q", "-b", "rebased", branch, cwd=place.scratch.human)
        git("rebase", "-q", "main", cwd=place.scratch.human)
        git("checkout", "-q", "main", cwd=place.scratch.human)
        git("merge", "-q", "--ff-only", "rebased", cwd=place.scratch.human)
        assert await self._seen(place) == "merged"

    async def test_every_commit_picked(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("cherry-pick", f"main...{branch}", "--right-only", cwd=place.scratch.human)
        assert await self._seen(place) == "merged"

    async def test_one_commit_of_two_picked_is_not_a_merge(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("cherry-pick", f"{branch}~1", cwd=place.scratch.human)
        assert await self._seen(place) == "created"

    async def test_an_edited_squash_that_says_so(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("merge", "-q", "--squash", branch, cwd=place.scratch.human)
        told = place.scratch.commit(
            {"a": "one\ntwo and more\n"}, "Squashed\n\nCourier-Proposal: 1\nCourier-Run: a\n"
        )
        assert await self._seen(place) == "merged"
        assert (await place.forge.get(1)).merge_commit == told

    async def test_a_later_revert_does_not_open_it_again(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("merge", "-q", "--squash", branch, cwd=place.scratch.human)
        place.scratch.commit({}, "Squashed")
        assert await self._seen(place) == "merged"
        git("revert", "--no-edit", "HEAD", cwd=place.scratch.human)
        assert await self._seen(place) == "merged"

    async def test_courier_merging_after_a_human_did_is_success(self, place: Place) -> None:
        branch, _ = await self._proposed(place)
        git("merge", "-q", "--squash", branch, cwd=place.scratch.human)
        place.scratch.commit({}, "Squashed")
        place.scratch.push()
        before = place.scratch.tip()
        assert (await place.forge.merge(1, by=HANA)).status == "merged"
        assert place.scratch.tip() == before
