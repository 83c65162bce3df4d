"""Surveys, their ballots and the ledger of answers; what a sealed survey keeps; what suits each mail system."""
