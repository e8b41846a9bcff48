"""Pull requests, stacks of them and checks, as every forge tells them."""
