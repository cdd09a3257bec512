"""How digest reacts: files what is held, does what people ask, carries operators' decisions out, knows verdicts."""
