"""All documents of one commit together: rules across them, and what is read off them."""
