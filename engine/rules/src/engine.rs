//! The bare Rhai engine: every limit set, nothing but our own operators and functions in it.

use crate::desk;
use crate::functions;
use rhai::{Engine, OptimizationLevel, Token};

/// Builds the engine. It starts raw, so that no package can bring a clock, a print or an `eval` along.
pub(crate) fn build() -> Engine {
    let mut engine = Engine::new_raw();
    set_limits(&mut engine);
    forbid(&mut engine);
    functions::register(&mut engine);
    read_numbers_as_floats(&mut engine);
    resolve_names(&mut engine);
    engine
}

/// Zero would mean "no limit" for most of these. Lists and maps are refused behind the parser, which says so better.
fn set_limits(engine: &mut Engine) {
    engine
        .set_max_operations(10_000)
        .set_max_call_levels(8)
        .set_max_expr_depths(48, 1)
        .set_max_string_size(64 << 10)
        .set_max_array_size(1_000)
        .set_max_map_size(1_000)
        .set_max_functions(0)
        .set_max_variables(0)
        .set_max_strings_interned(256);
}

fn forbid(engine: &mut Engine) {
    engine
        .set_allow_if_expression(false)
        .set_allow_switch_expression(false)
        .set_allow_loop_expressions(false)
        .set_allow_statement_expression(false)
        .set_allow_anonymous_fn(false)
        .set_allow_looping(false)
        .set_allow_shadowing(false)
        // Built-in operators compare different types without a word and floats with a tolerance: ours come first.
        .set_fast_operators(false)
        .set_optimization_level(OptimizationLevel::None);
    for symbol in ["eval", "Fn", "call", "curry", "print", "debug", "type_of", "is_def_var", "is_def_fn", "this"] {
        engine.disable_symbol(symbol);
    }
}

/// `3 / max(4, 1)` is 0.75 here: there are no integers.
#[expect(
    deprecated,
    reason = "marked so because its form may change between versions, which the tests here would show"
)]
fn read_numbers_as_floats(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| match token {
        Token::IntegerConstant(number) => {
            Token::FloatConstant(Box::new(((number as f64).into(), number.to_string().into())))
        }
        other => other,
    });
}

#[expect(
    deprecated,
    reason = "marked so because its form may change between versions, which the tests here would show"
)]
fn resolve_names(engine: &mut Engine) {
    engine.on_var(|_, number, _| desk::resolve(number));
}
