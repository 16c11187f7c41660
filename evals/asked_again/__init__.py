"""Pairs of questions: may the answer to the first be given to the second?"""
