//! `#[derive(Inputs)]`: a struct of inputs as a plugin declares and reads it. Works on tokens alone, so that a plugin needs
//! no other crate.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Makes a struct with named fields the inputs of a plugin.
///
/// A field is an input of the same name. `#[input(unit = "days")]` adds a unit, `#[input(name = "logins_7d")]` gives
/// another name. Its type is `Option<f64>`, `Option<bool>` or `Option<String>`.
#[proc_macro_derive(Inputs, attributes(input))]
pub fn inputs(item: TokenStream) -> TokenStream {
    let name = plain_name(item.clone());
    match read(item).and_then(|(name, fields)| unique(fields).map(|fields| implementation(&name, &fields))) {
        Ok(made) => made,
        Err(problem) => {
            let mut said = problem.tokens();
            // Else the compiler says at every use of the type that it has no inputs.
            said.extend(name.map(|name| stand_in(&name)));
            said
        }
    }
}

/// An implementation that no program runs.
fn stand_in(name: &Ident) -> TokenStream {
    parsed(&format!(
        "impl ::staunch_plugin::Inputs for {name} {{ \
         const INPUTS: &'static [::staunch_plugin::Input] = &[]; \
         fn take(_: &mut [::staunch_plugin::Column], _: usize) -> Self {{ ::core::unreachable!() }} }}"
    ))
}

/// The name of a type without parameters.
fn plain_name(item: TokenStream) -> Option<Ident> {
    let mut tokens = item.into_iter();
    let kind = |token: &TokenTree| ["struct", "enum", "union"].contains(&token.to_string().as_str());
    tokens.find(kind)?;
    let Some(TokenTree::Ident(name)) = tokens.next() else { return None };
    let parameters = matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '<');
    (!parameters).then_some(name)
}

/// Why it cannot be done, and where.
struct Problem {
    span: Span,
    text: String,
}

fn problem<T>(span: Span, text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem { span, text: text.into() })
}

impl Problem {
    /// `::core::compile_error! { "text" }` at the place of the problem.
    fn tokens(self) -> TokenStream {
        let mut made: Vec<TokenTree> = Vec::new();
        for name in ["core", "compile_error"] {
            made.push(Punct::new(':', Spacing::Joint).into());
            made.push(Punct::new(':', Spacing::Alone).into());
            made.push(Ident::new(name, self.span).into());
        }
        made.push(Punct::new('!', Spacing::Alone).into());
        let text = TokenStream::from(TokenTree::from(Literal::string(&self.text)));
        made.push(Group::new(Delimiter::Brace, text).into());
        for token in &mut made {
            token.set_span(self.span);
        }
        made.into_iter().collect()
    }
}

/// One field.
struct Field {
    ident: Ident,
    name: String,
    unit: Option<String>,
    ty: TokenStream,
}

/// Name and fields of the struct.
fn read(item: TokenStream) -> Result<(Ident, Vec<Field>), Problem> {
    let mut tokens = item.into_iter();
    for token in tokens.by_ref() {
        let TokenTree::Ident(word) = &token else { continue };
        match word.to_string().as_str() {
            "struct" => break,
            "enum" | "union" => {
                return problem(word.span(), "inputs are a struct with named fields, one for each input");
            }
            _ => {}
        }
    }
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        return problem(Span::call_site(), "inputs are a struct with named fields, one for each input");
    };
    match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let fields = fields(group.stream())?;
            if fields.is_empty() {
                problem(name.span(), "a plugin reads at least one input")
            } else {
                Ok((name, fields))
            }
        }
        Some(TokenTree::Punct(punct)) if punct.as_char() == '<' => {
            problem(punct.span(), "a struct of inputs has no parameters: the host writes its fields")
        }
        _ => problem(name.span(), "inputs are a struct with named fields, one for each input"),
    }
}

fn fields(body: TokenStream) -> Result<Vec<Field>, Problem> {
    let mut tokens = body.into_iter().peekable();
    let mut fields = Vec::new();
    while tokens.peek().is_some() {
        let (mut name, mut unit, mut ident) = (None, None, None);
        // Attributes and visibility, up to the name and its colon.
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.next() {
                        attribute(group.stream(), &mut name, &mut unit)?;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => break,
                TokenTree::Ident(word) => ident = Some(word),
                _ => {}
            }
        }
        let Some(ident) = ident else { break };
        let (mut ty, mut depth) = (Vec::new(), 0);
        for token in tokens.by_ref() {
            if let TokenTree::Punct(punct) = &token {
                match punct.as_char() {
                    ',' if depth == 0 => break,
                    '<' => depth += 1,
                    '>' => depth -= 1,
                    _ => {}
                }
            }
            ty.push(token);
        }
        let own = || ident.to_string().trim_start_matches("r#").to_owned();
        let name = name.unwrap_or_else(own);
        fields.push(Field { name, unit, ty: ty.into_iter().collect(), ident });
    }
    Ok(fields)
}

/// Reads `input(name = "…", unit = "…")`; other attributes are none of ours.
fn attribute(tokens: TokenStream, name: &mut Option<String>, unit: &mut Option<String>) -> Result<(), Problem> {
    let mut tokens = tokens.into_iter();
    match tokens.next() {
        Some(TokenTree::Ident(word)) if word.to_string() == "input" => {}
        _ => return Ok(()),
    }
    let Some(TokenTree::Group(group)) = tokens.next() else { return Ok(()) };
    let mut inside = group.stream().into_iter();
    while let Some(token) = inside.next() {
        let key = token.to_string();
        let place = match key.as_str() {
            "name" => &mut *name,
            "unit" => &mut *unit,
            "," => continue,
            _ => return problem(token.span(), format!("`{key}` is no property of an input: write `name` or `unit`")),
        };
        let value = match (inside.next(), inside.next()) {
            (Some(TokenTree::Punct(equals)), Some(TokenTree::Literal(text))) if equals.as_char() == '=' => text,
            _ => return problem(token.span(), format!("write `{key} = \"…\"`")),
        };
        let Some(text) = text(&value.to_string()) else {
            return problem(value.span(), format!("`{key}` is a text of 1 to 100 bytes without escapes"));
        };
        *place = Some(text);
    }
    Ok(())
}

/// What a literal says, where it is a plain text.
fn text(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    ((1..=100).contains(&text.len()) && !text.contains('\\')).then(|| text.to_owned())
}

fn unique(fields: Vec<Field>) -> Result<Vec<Field>, Problem> {
    for (at, field) in fields.iter().enumerate() {
        if fields[..at].iter().any(|other| other.name == field.name) {
            return problem(field.ident.span(), format!("the input `{}` stands twice", field.name));
        }
    }
    Ok(fields)
}

/// The implementation. Types keep their place in the author's file, so that the compiler points there when one is no input.
fn implementation(name: &Ident, fields: &[Field]) -> TokenStream {
    let (mut inputs, mut takes) = (TokenStream::new(), TokenStream::new());
    for (at, field) in fields.iter().enumerate() {
        let unit = field.unit.as_ref().map_or("None".to_owned(), |unit| format!("Some({})", Literal::string(unit)));
        let mut input =
            parsed(&format!("name: {}, unit: ::core::option::Option::{unit}, kind:", Literal::string(&field.name)));
        input.extend(kind_of(&field.ty, "KIND"));
        inputs.extend(parsed("::staunch_plugin::Input"));
        inputs.extend([TokenTree::from(Group::new(Delimiter::Brace, input)), Punct::new(',', Spacing::Alone).into()]);
        takes.extend([TokenTree::from(field.ident.clone()), Punct::new(':', Spacing::Alone).into()]);
        takes.extend(kind_of(&field.ty, "from_column"));
        takes.extend(parsed(&format!("(&mut columns[{at}], row),")));
    }
    let mut body = parsed("const INPUTS: &'static [::staunch_plugin::Input] = &");
    body.extend([TokenTree::from(Group::new(Delimiter::Bracket, inputs)), Punct::new(';', Spacing::Alone).into()]);
    body.extend(parsed("fn take(columns: &mut [::staunch_plugin::Column], row: usize) -> Self"));
    let mut made = parsed("Self");
    made.extend([TokenTree::from(Group::new(Delimiter::Brace, takes))]);
    body.extend([TokenTree::from(Group::new(Delimiter::Brace, made))]);
    let mut all = parsed("impl ::staunch_plugin::Inputs for");
    all.extend([TokenTree::from(name.clone()), TokenTree::from(Group::new(Delimiter::Brace, body))]);
    all
}

/// `<ty as ::staunch_plugin::Field>::item`
fn kind_of(ty: &TokenStream, item: &str) -> TokenStream {
    let mut made = TokenStream::from(TokenTree::from(Punct::new('<', Spacing::Alone)));
    made.extend(ty.clone());
    made.extend(parsed(&format!("as ::staunch_plugin::Field>::{item}")));
    made
}

/// Tokens of a text of ours; never fails on those.
fn parsed(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}
