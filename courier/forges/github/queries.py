"""What is asked of GraphQL, in its own words."""

from collections.abc import Sequence
from typing import Final

AT_ONCE: Final = 50
"""How many pull requests one query asks for."""

PULL: Final = """
fragment pull on PullRequest {
  id number state title body url isDraft createdAt updatedAt
  headRefName headRefOid baseRefName isCrossRepository
  author { login }
  mergedBy { login }
  mergeCommit { oid }
  reviewDecision
  autoMergeRequest { mergeMethod enabledBy { login } }
  labels(first: 50) { nodes { name } }
  reviewRequests(first: 50) {
    nodes { requestedReviewer { ... on User { login } ... on Team { combinedSlug } } }
  }
  latestReviews(first: 50) { nodes { author { login } } }
  timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) {
    nodes { ... on ClosedEvent { actor { login } } }
  }
}
"""
"""Everything courier reads of a pull request."""

LIST: Final = (
    """
query ($owner: String!, $name: String!, $states: [PullRequestState!], $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(
      first: 50, after: $after, states: $states, orderBy: {field: CREATED_AT, direction: DESC}
    ) {
      pageInfo { hasNextPage endCursor }
      nodes { ...pull }
    }
  }
}
"""
    + PULL
)

VIEWER: Final = "query { viewer { login } }"
"""Whose the credential is."""

READY: Final = """
mutation ($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}
"""

DRAFT: Final = """
mutation ($id: ID!) {
  convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}
"""

AUTO_MERGE: Final = """
mutation ($id: ID!, $how: PullRequestMergeMethod!, $head: GitObjectID!) {
  enablePullRequestAutoMerge(
    input: {pullRequestId: $id, mergeMethod: $how, expectedHeadOid: $head}
  ) { pullRequest { number } }
}
"""

_CONTEXT: Final = """
__typename
... on CheckRun { databaseId name status conclusion detailsUrl startedAt completedAt %s }
... on StatusContext { context state targetUrl createdAt description %s }
"""

_HEAD: Final = """
p%d: pullRequest(number: %d) {
  number headRefOid
  commits(last: 1) {
    nodes {
      commit {
        oid
        statusCheckRollup { contexts(first: 50) { pageInfo { hasNextPage } nodes { %s } } }
      }
    }
  }
}
"""

_COMMIT: Final = """
c%d: object(oid: "%s") {
  ... on Commit {
    oid
    statusCheckRollup { contexts(first: 50) { pageInfo { hasNextPage } nodes { %s } } }
  }
}
"""

_ROLLUP: Final = """
query ($owner: String!, $name: String!, $commit: GitObjectID!, $after: String%s) {
  repository(owner: $owner, name: $name) {
    object(oid: $commit) {
      ... on Commit {
        statusCheckRollup {
          contexts(first: 100, after: $after) {
            pageInfo { hasNextPage endCursor }
            nodes { %s }
          }
        }
      }
    }
  }
}
"""


def pulls(numbers: Sequence[int]) -> str:
    """Return the query for some pull requests, each under ``p`` and its number."""
    asked = "\n".join(
        f"p{number}: pullRequest(number: {number}) {{ ...pull }}" for number in numbers
    )
    head = "query ($owner: String!, $name: String!)"
    return f"{head} {{ repository(owner: $owner, name: $name) {{ {asked} }} }}\n{PULL}"


def rollup(*, of_pull: bool) -> str:
    """Return the query for the checks of a commit; which are required only a pull request tells."""
    required = "isRequired(pullRequestNumber: $number)" if of_pull else ""
    context = _CONTEXT % (required, required)
    return _ROLLUP % (", $number: Int!" if of_pull else "", context)


def commits(ids: Sequence[str]) -> str:
    """Return the query for the checks of commits, each under ``c`` and its place among them."""
    context = _CONTEXT % ("", "")
    asked = (_COMMIT % (place, commit, context) for place, commit in enumerate(ids))
    head = "query ($owner: String!, $name: String!)"
    return f"{head} {{ repository(owner: $owner, name: $name) {{ {' '.join(asked)} }} }}"


def heads(numbers: Sequence[int]) -> str:
    """Return the query for the checks of pull requests' heads, each under ``p`` and its number."""
    asked = []
    for number in numbers:
        required = f"isRequired(pullRequestNumber: {number})"
        asked.append(_HEAD % (number, number, _CONTEXT % (required, required)))
    head = "query ($owner: String!, $name: String!)"
    return f"{head} {{ repository(owner: $owner, name: $name) {{ {' '.join(asked)} }} }}"
