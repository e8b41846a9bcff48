"""What reviewers read: titles, bodies, checklists and messages of commits."""
