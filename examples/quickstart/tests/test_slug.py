import unittest

from textkit import slugify


class SlugifyTest(unittest.TestCase):
    def test_words_are_joined_by_hyphens(self):
        self.assertEqual(slugify("Hello World"), "hello-world")

    def test_punctuation_is_left_out(self):
        self.assertEqual(slugify("Hello, World!"), "hello-world")

    def test_runs_of_separators_become_one_hyphen(self):
        self.assertEqual(slugify("salt  &  pepper"), "salt-pepper")

    def test_nothing_is_left_at_the_ends(self):
        self.assertEqual(slugify(" (draft) "), "draft")


if __name__ == "__main__":
    unittest.main()
