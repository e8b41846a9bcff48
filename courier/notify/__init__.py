"""Letters out of courier: chats, webhooks, e-mail and comments on pull requests.

For: turning a letter into what each receiver understands, and one try at handing it over.
Not for: deciding what is told, to whom and when again; that is `runs.notices` and
`engine.notices`.
"""
