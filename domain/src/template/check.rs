//! Looks through a template before it is taken.
//!
//! The budget of a rendering counts what is made and visited, but a list that holds another twice, which holds
//! another twice, is small to make and takes for ever to compare. So lists and maps come from the event and from
//! constants alone.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Stmt};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;

use super::malformed;
use crate::invalid::Invalid;

/// Refuses what templates here do not have, with its line.
pub(super) fn check(text: &str) -> Result<(), Invalid> {
    let parsed = parse(text, "template", SyntaxConfig::default());
    statement(&parsed.map_err(|error| malformed(&error))?)
}

fn refused(span: Span, what: &str) -> Invalid {
    let detail =
        format!("has {what} in line {}, which templates do not have here", span.start_line);
    Invalid::one("", detail)
}

fn statements(all: &[Stmt<'_>]) -> Result<(), Invalid> {
    all.iter().try_for_each(statement)
}

fn statement(one: &Stmt<'_>) -> Result<(), Invalid> {
    match one {
        Stmt::Template(template) => statements(&template.children),
        Stmt::EmitExpr(emit) => expression(&emit.expr),
        Stmt::EmitRaw(_) => Ok(()),
        Stmt::ForLoop(each) if each.recursive => Err(refused(each.span(), "a recursive loop")),
        Stmt::ForLoop(each) => {
            // The target is a name or several, not a value.
            expression(&each.iter)?;
            each.filter_expr.as_ref().map_or(Ok(()), expression)?;
            statements(&each.body)?;
            statements(&each.else_body)
        }
        Stmt::IfCond(cond) => {
            expression(&cond.expr)?;
            statements(&cond.true_body)?;
            statements(&cond.false_body)
        }
        Stmt::Set(set) => expression(&set.expr),
        Stmt::WithBlock(with) => Err(refused(with.span(), "a `with` block")),
        Stmt::SetBlock(set) => Err(refused(set.span(), "a `set` block")),
        Stmt::AutoEscape(block) => Err(refused(block.span(), "an `autoescape` block")),
        Stmt::FilterBlock(block) => Err(refused(block.span(), "a `filter` block")),
        Stmt::Do(call) => Err(refused(call.span(), "a call")),
    }
}

fn expression(one: &Expr<'_>) -> Result<(), Invalid> {
    match one {
        Expr::Var(_) | Expr::Const(_) => Ok(()),
        Expr::Slice(slice) => {
            expression(&slice.expr)?;
            [&slice.start, &slice.stop, &slice.step].into_iter().flatten().try_for_each(expression)
        }
        Expr::UnaryOp(unary) => expression(&unary.expr),
        // They join lists and repeat texts, too, which the budget does not see in time.
        Expr::BinOp(binary)
            if matches!(binary.op, BinOpKind::Add | BinOpKind::Mul | BinOpKind::Pow) =>
        {
            Err(refused(binary.span(), "`+`, `*` or `**`"))
        }
        Expr::BinOp(binary) => {
            expression(&binary.left)?;
            expression(&binary.right)
        }
        Expr::Compare(compare) => {
            expression(&compare.expr)?;
            compare.ops.iter().try_for_each(|op| expression(&op.expr))
        }
        Expr::IfExpr(choice) => {
            expression(&choice.test_expr)?;
            expression(&choice.true_expr)?;
            choice.false_expr.as_ref().map_or(Ok(()), expression)
        }
        Expr::Filter(filter) => {
            filter.expr.as_ref().map_or(Ok(()), expression)?;
            arguments(&filter.args)
        }
        Expr::Test(test) => {
            expression(&test.expr)?;
            arguments(&test.args)
        }
        Expr::GetAttr(get) => expression(&get.expr),
        Expr::GetItem(get) => {
            expression(&get.expr)?;
            expression(&get.subscript_expr)
        }
        Expr::Call(call) => Err(refused(call.span(), "a call")),
        Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) if one.as_const().is_some() => Ok(()),
        Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => {
            Err(refused(one.span(), "a list or map that is no constant"))
        }
    }
}

fn arguments(all: &[CallArg<'_>]) -> Result<(), Invalid> {
    all.iter().try_for_each(|argument| match argument {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) => expression(value),
        CallArg::PosSplat(value) | CallArg::KwargSplat(value) => {
            Err(refused(value.span(), "an unpacked argument"))
        }
    })
}
