//! Symbols to the compiled form: operator precedence after the grammar of the JMESPath specification,
//! with the binding powers of its reference implementation, on which what a projection takes in depends.

use std::collections::BTreeMap;

use super::error::{QueryError, QueryProblem};
use super::lexer::{Lexer, Symbol, Token, TokenKind};
use super::signature::{Argument, Function};
use super::tree::{Call, Comparator, Node, Projection, Slice, Step};
use super::{QUERY_NESTING, QueryLimits};

/// How tightly operators hold what is left of them.
mod power {
    pub(super) const PIPE: u8 = 1;
    pub(super) const OR: u8 = 2;
    pub(super) const AND: u8 = 3;
    pub(super) const COMPARE: u8 = 5;
    pub(super) const FLATTEN: u8 = 9;
    /// Anything weaker ends a projection: what follows works on the whole list.
    pub(super) const IN_PROJECTION: u8 = 10;
    pub(super) const STAR: u8 = 20;
    pub(super) const FILTER: u8 = 21;
    pub(super) const DOT: u8 = 40;
    pub(super) const NOT: u8 = 45;
    pub(super) const BRACKET: u8 = 55;
}

const EXPRESSION: &str = "an expression";

/// The compiled form of a whole query.
pub(super) fn parse(text: &str, limits: QueryLimits) -> Result<Node, QueryError> {
    if u32::try_from(text.len()).map_or(true, |length| length > limits.bytes) {
        return Err(QueryError {
            offset: 0,
            problem: QueryProblem::TooLong {
                found: text.len(),
                limit: limits.bytes,
            },
        });
    }
    let mut lexer = Lexer::new(text);
    let token = lexer.token()?;
    let mut parser = Parser {
        lexer,
        token,
        depth: 0,
        limit: limits.nesting.min(QUERY_NESTING),
    };
    let query = parser.expression(0)?;
    match parser.token.kind {
        TokenKind::End => Ok(query.node),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The symbol to be read next.
    token: Token,
    depth: u32,
    limit: u32,
}

/// A part of the query and the levels of its tree.
struct Parsed {
    node: Node,
    height: u32,
}

impl Parsed {
    fn leaf(node: Node) -> Self {
        Self { node, height: 1 }
    }
}

impl Parser<'_> {
    /// An expression of operators that hold tighter than `power`.
    fn expression(&mut self, power: u8) -> Result<Parsed, QueryError> {
        if self.depth >= self.limit {
            return Err(self.too_deep());
        }
        self.depth = self.depth.saturating_add(1);
        let mut left = self.operand()?;
        while let Some(operator) = self.operator(power) {
            left = self.operation(left, operator)?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(left)
    }

    /// The operator that comes next, when it holds tighter than `power`.
    fn operator(&self, power: u8) -> Option<Symbol> {
        match self.token.kind {
            TokenKind::Symbol(symbol) if power_of(symbol) > power => Some(symbol),
            _ => None,
        }
    }

    /// What can stand at the start of an expression.
    fn operand(&mut self) -> Result<Parsed, QueryError> {
        let symbol = match &self.token.kind {
            TokenKind::Name(_) | TokenKind::QuotedName(_) => return self.name_or_call(),
            TokenKind::Literal(_) => {
                return match self.advance()?.kind {
                    TokenKind::Literal(value) => Ok(Parsed::leaf(Node::Literal(value))),
                    _ => Err(self.unexpected(EXPRESSION)),
                };
            }
            TokenKind::Number(number) => {
                return Err(self.problem(QueryProblem::BareNumber(number.to_string())));
            }
            TokenKind::End => return Err(self.unexpected(EXPRESSION)),
            TokenKind::Symbol(symbol) => *symbol,
        };
        let current = Parsed::leaf(Node::Current);
        match symbol {
            Symbol::Current => self.advance().map(|_| current),
            Symbol::Star | Symbol::Flatten | Symbol::Filter => self.projection(current, symbol),
            Symbol::LeftBracket if self.is_specifier()? => self.bracket(current),
            Symbol::LeftBracket => self.list(),
            Symbol::LeftBrace => self.hash(),
            Symbol::LeftParenthesis => {
                self.advance()?;
                let inner = self.expression(0)?;
                self.expect(Symbol::RightParenthesis, "`)` or an operator")?;
                Ok(inner)
            }
            Symbol::Not => {
                self.advance()?;
                let inner = self.expression(power::NOT)?;
                let height = inner.height.saturating_add(1);
                self.branch(Node::Not(Box::new(inner.node)), height)
            }
            _ => Err(self.unexpected(EXPRESSION)),
        }
    }

    fn operation(&mut self, left: Parsed, operator: Symbol) -> Result<Parsed, QueryError> {
        match operator {
            Symbol::Dot => {
                self.advance()?;
                if self.token.kind == TokenKind::Symbol(Symbol::Star) {
                    return self.projection(left, Symbol::Star);
                }
                let member = self.member()?;
                self.then(left, member)
            }
            Symbol::LeftBracket => self.bracket(left),
            Symbol::Flatten | Symbol::Filter => self.projection(left, operator),
            Symbol::Pipe => {
                self.advance()?;
                let right = self.expression(power::PIPE)?;
                self.then(left, right)
            }
            Symbol::Or => {
                self.advance()?;
                let right = self.expression(power::OR)?;
                self.alternatives(left, right, Node::Or)
            }
            Symbol::And => {
                self.advance()?;
                let right = self.expression(power::AND)?;
                self.alternatives(left, right, Node::And)
            }
            _ => {
                let comparator = comparator(operator).ok_or_else(|| self.unexpected(EXPRESSION))?;
                self.advance()?;
                let right = self.expression(power::COMPARE)?;
                let height = left.height.max(right.height).saturating_add(1);
                self.branch(
                    Node::Compare(comparator, Box::new((left.node, right.node))),
                    height,
                )
            }
        }
    }

    /// `a || b || c` as one list; so with `&&`.
    fn alternatives(
        &self,
        left: Parsed,
        right: Parsed,
        build: fn(Vec<Node>) -> Node,
    ) -> Result<Parsed, QueryError> {
        let height = right.height.saturating_add(1);
        match (left.node, build(Vec::new())) {
            (Node::Or(mut list), Node::Or(_)) | (Node::And(mut list), Node::And(_)) => {
                list.push(right.node);
                self.branch(build(list), height.max(left.height))
            }
            (single, _) => {
                let list = build(vec![single, right.node]);
                self.branch(list, height.max(left.height.saturating_add(1)))
            }
        }
    }

    /// `right` on the value of `left`.
    fn then(&self, left: Parsed, right: Parsed) -> Result<Parsed, QueryError> {
        let step = match right.node {
            Node::Field(name) => Step::Field(name),
            other => Step::Then(other),
        };
        self.step(left, step, right.height)
    }

    /// A chain with one step more.
    fn step(&self, left: Parsed, step: Step, height: u32) -> Result<Parsed, QueryError> {
        let height = height.saturating_add(1);
        match left.node {
            Node::Chain(first, mut steps) => {
                steps.push(step);
                self.branch(Node::Chain(first, steps), height.max(left.height))
            }
            first => {
                let chain = Node::Chain(Box::new(first), vec![step]);
                self.branch(chain, height.max(left.height.saturating_add(1)))
            }
        }
    }

    /// What stands after a dot, except `*`.
    fn member(&mut self) -> Result<Parsed, QueryError> {
        match &self.token.kind {
            TokenKind::Name(_) | TokenKind::QuotedName(_) => self.name_or_call(),
            TokenKind::Symbol(Symbol::LeftBracket) => self.list(),
            TokenKind::Symbol(Symbol::LeftBrace) => self.hash(),
            _ => Err(self.unexpected("a name, `*`, `[` or `{`")),
        }
    }

    fn name_or_call(&mut self) -> Result<Parsed, QueryError> {
        let Token { kind, offset } = self.advance()?;
        match kind {
            TokenKind::Name(name) if self.token.kind == TokenKind::Symbol(Symbol::LeftParenthesis) => {
                self.call(&name, offset)
            }
            TokenKind::Name(name) | TokenKind::QuotedName(name) => Ok(Parsed::leaf(Node::Field(name))),
            _ => Err(self.unexpected("a name")),
        }
    }

    fn call(&mut self, name: &str, offset: usize) -> Result<Parsed, QueryError> {
        let located = |problem| QueryError { offset, problem };
        let function = Function::named(name).map_err(located)?;
        self.advance()?;
        let (mut arguments, mut height) = (Vec::new(), 1);
        if !self.eat(Symbol::RightParenthesis)? {
            loop {
                let is_reference = self.eat(Symbol::Reference)?;
                let argument = self.expression(0)?;
                height = argument.height.saturating_add(1).max(height);
                arguments.push(if is_reference {
                    Argument::Reference(argument.node)
                } else {
                    Argument::Value(argument.node)
                });
                if !self.eat(Symbol::Comma)? {
                    break;
                }
            }
            self.expect(Symbol::RightParenthesis, "`,` or `)`")?;
        }
        let call = Call {
            name: function.name,
            offset,
            operation: function.call(arguments).map_err(located)?,
        };
        self.branch(Node::Call(Box::new(call)), height)
    }

    /// `[a, b]`
    fn list(&mut self) -> Result<Parsed, QueryError> {
        self.advance()?;
        let (mut elements, mut height) = (Vec::new(), 1);
        loop {
            let element = self.expression(0)?;
            height = element.height.saturating_add(1).max(height);
            elements.push(element.node);
            if !self.eat(Symbol::Comma)? {
                break;
            }
        }
        self.expect(Symbol::RightBracket, "`,` or `]`")?;
        self.branch(Node::List(elements), height)
    }

    /// `{a: b}`; a name that stands twice has the value that stands last, in the place of the first.
    fn hash(&mut self) -> Result<Parsed, QueryError> {
        self.advance()?;
        let mut members: Vec<(Box<str>, Node)> = Vec::new();
        let (mut positions, mut height) = (BTreeMap::new(), 1);
        loop {
            if !matches!(self.token.kind, TokenKind::Name(_) | TokenKind::QuotedName(_)) {
                return Err(self.unexpected("a name"));
            }
            let (TokenKind::Name(name) | TokenKind::QuotedName(name)) = self.advance()?.kind else {
                return Err(self.unexpected("a name"));
            };
            self.expect(Symbol::Colon, "`:`")?;
            let value = self.expression(0)?;
            height = value.height.saturating_add(1).max(height);
            let position = *positions.entry(name.clone()).or_insert(members.len());
            match members.get_mut(position) {
                Some(member) => member.1 = value.node,
                None => members.push((name, value.node)),
            }
            if !self.eat(Symbol::Comma)? {
                break;
            }
        }
        self.expect(Symbol::RightBrace, "`,` or `}`")?;
        self.branch(Node::Hash(members), height)
    }

    /// `*`, `[]` or `[?...]` after `left`.
    fn projection(&mut self, left: Parsed, symbol: Symbol) -> Result<Parsed, QueryError> {
        self.advance()?;
        let (projection, power, height) = match symbol {
            Symbol::Star => (Projection::Values, power::STAR, 0),
            Symbol::Flatten => (Projection::Flatten, power::FLATTEN, 0),
            _ => {
                let condition = self.expression(0)?;
                self.expect(Symbol::RightBracket, "`]` or an operator")?;
                (
                    Projection::Filter(condition.node),
                    power::FILTER,
                    condition.height,
                )
            }
        };
        self.project(left, projection, power, height)
    }

    /// Whether the bracket that comes next holds an index, a slice or `*`, not a list of expressions.
    fn is_specifier(&self) -> Result<bool, QueryError> {
        let mut ahead = self.lexer.clone();
        Ok(match ahead.token()?.kind {
            TokenKind::Number(_) | TokenKind::Symbol(Symbol::Colon) => true,
            TokenKind::Symbol(Symbol::Star) => ahead.token()?.kind == TokenKind::Symbol(Symbol::RightBracket),
            _ => false,
        })
    }

    /// `[0]`, `[1:2]` or `[*]` after `left`.
    fn bracket(&mut self, left: Parsed) -> Result<Parsed, QueryError> {
        self.advance()?;
        if self.eat(Symbol::Star)? {
            self.expect(Symbol::RightBracket, "`]`")?;
            return self.project(left, Projection::Elements, power::STAR, 0);
        }
        let start = self.number()?;
        if let (Some(index), TokenKind::Symbol(Symbol::RightBracket)) = (start, &self.token.kind) {
            self.advance()?;
            return self.step(left, Step::Index(index), 0);
        }
        let expected = if start.is_some() {
            "`]` or `:`"
        } else {
            "a number, `:` or `*`"
        };
        self.expect(Symbol::Colon, expected)?;
        let stop = self.number()?;
        let mut step = 1;
        let mut zero = None;
        if self.eat(Symbol::Colon)? {
            zero = Some(self.problem(QueryProblem::ZeroStep));
            step = self.number()?.unwrap_or(1);
        }
        self.expect(Symbol::RightBracket, "`]`, `:` or a number")?;
        if let (Some(problem), 0) = (zero, step) {
            return Err(problem);
        }
        let slice = Slice { start, stop, step };
        self.project(left, Projection::Slice(slice), power::STAR, 0)
    }

    /// `left`, projected, with what is done to each element.
    fn project(
        &mut self,
        left: Parsed,
        projection: Projection,
        power: u8,
        height: u32,
    ) -> Result<Parsed, QueryError> {
        let each = self.each(power)?;
        let height = height.max(each.height);
        self.step(left, Step::Project(projection, each.node), height)
    }

    /// What follows a projection and is done to each element.
    fn each(&mut self, power: u8) -> Result<Parsed, QueryError> {
        match self.operator(power::IN_PROJECTION.saturating_sub(1)) {
            Some(Symbol::Dot) => {
                self.advance()?;
                match &self.token.kind {
                    TokenKind::Name(_) | TokenKind::QuotedName(_) | TokenKind::Symbol(Symbol::Star) => {
                        self.expression(power)
                    }
                    _ => self.member(),
                }
            }
            Some(_) => self.expression(power),
            None => Ok(Parsed::leaf(Node::Current)),
        }
    }

    fn number(&mut self) -> Result<Option<i64>, QueryError> {
        let TokenKind::Number(number) = self.token.kind else {
            return Ok(None);
        };
        self.advance()?;
        Ok(Some(number))
    }

    /// The symbol that comes next; the one after it takes its place.
    fn advance(&mut self) -> Result<Token, QueryError> {
        let next = self.lexer.token()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn eat(&mut self, symbol: Symbol) -> Result<bool, QueryError> {
        let found = self.token.kind == TokenKind::Symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: Symbol, expected: &'static str) -> Result<(), QueryError> {
        if self.eat(symbol)? {
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    /// `node`, unless it makes the tree too high.
    fn branch(&self, node: Node, height: u32) -> Result<Parsed, QueryError> {
        if height > self.limit {
            return Err(self.too_deep());
        }
        Ok(Parsed { node, height })
    }

    fn too_deep(&self) -> QueryError {
        self.problem(QueryProblem::TooDeep { limit: self.limit })
    }

    fn unexpected(&self, expected: &'static str) -> QueryError {
        self.problem(match &self.token.kind {
            TokenKind::End => QueryProblem::UnexpectedEnd { expected },
            other => QueryProblem::Unexpected {
                found: other.shown(),
                expected,
            },
        })
    }

    fn problem(&self, problem: QueryProblem) -> QueryError {
        QueryError {
            offset: self.token.offset,
            problem,
        }
    }
}

/// How tightly an operator holds; 0 for symbols that are none.
fn power_of(symbol: Symbol) -> u8 {
    match symbol {
        Symbol::Pipe => power::PIPE,
        Symbol::Or => power::OR,
        Symbol::And => power::AND,
        Symbol::Flatten => power::FLATTEN,
        Symbol::Filter => power::FILTER,
        Symbol::Dot => power::DOT,
        Symbol::LeftBracket => power::BRACKET,
        symbol if comparator(symbol).is_some() => power::COMPARE,
        _ => 0,
    }
}

fn comparator(symbol: Symbol) -> Option<Comparator> {
    Some(match symbol {
        Symbol::Equal => Comparator::Equal,
        Symbol::NotEqual => Comparator::NotEqual,
        Symbol::Less => Comparator::Less,
        Symbol::LessOrEqual => Comparator::LessOrEqual,
        Symbol::Greater => Comparator::Greater,
        Symbol::GreaterOrEqual => Comparator::GreaterOrEqual,
        _ => return None,
    })
}
