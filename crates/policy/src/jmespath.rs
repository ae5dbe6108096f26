//! JMESPath (<https://jmespath.org/specification.html>) with the function `equals_ignore_case` of MAA:
//! text is compiled once to a [`Query`], which is run over a JSON document within a budget. Must not
//! know policies or claims.
