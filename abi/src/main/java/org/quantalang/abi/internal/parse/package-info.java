/**
 * The reader of C declarations: one lexer, one parser, one evaluator of constant expressions. One
 * thread a parser.
 */
@NullMarked
package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.NullMarked;
