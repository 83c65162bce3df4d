"""How answers are read out of plain replies: lines told apart, answers understood whole or not at all, doubts seen."""
