package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.List;
import java.util.Optional;

/**
 * WebAssembly's C convention (tool-conventions, "BasicCABI"): parameters by index. A record of one
 * scalar travels as the scalar, others as a pointer to a copy; variadic arguments lie in a buffer
 * whose address is the last parameter.
 */
final class Wasm32 extends Convention {
    private static final int POINTER = 4;
    private static final int INT = 4;

    private int parameters;
    private boolean bufferPassed;

    Wasm32(Target target, boolean variadicFunction) {
        super(target, variadicFunction);
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0 || Leaf.isEmpty(plain)) {
            return ignored();
        }
        Optional<CType> scalar = singleElement(plain);
        if (scalar.isPresent() && size <= 8) {
            return direct(List.of(Part.parameter(0, 0, size)), extension(plain));
        }
        return indirect(Part.parameter(parameters++, 0, POINTER));
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0 || Leaf.isEmpty(plain)) {
            return ignored();
        }
        Optional<CType> scalar = singleElement(plain);
        if (!named) {
            if (!bufferPassed) {
                parameters++;
                bufferPassed = true;
            }
            // A record of one small scalar takes the place of an int, as the scalar does.
            return scalar.isPresent()
                    ? direct(onStack(size, Math.max(plain.alignment(target), INT), INT, 0))
                    : indirect(onStack(POINTER, POINTER, 1, 0));
        }
        if (scalar.isEmpty()) {
            return indirect(Part.parameter(parameters++, 0, POINTER));
        }
        if (size == 16) {
            return direct(Part.parameter(parameters++, 0, 8), Part.parameter(parameters++, 8, 8));
        }
        return direct(List.of(Part.parameter(parameters++, 0, size)), extension(plain));
    }

    @Override
    long stackBytes() {
        return roundUp(stack, POINTER);
    }
}
