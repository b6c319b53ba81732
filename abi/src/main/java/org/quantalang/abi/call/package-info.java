/**
 * Calls into and out of C libraries on the host: libraries, downcalls, callbacks, strings.
 *
 * <p>The restricted methods of the Foreign Function and Memory API are called in {@link
 * org.quantalang.abi.call.NativeLibrary}, {@link org.quantalang.abi.call.Downcall}, {@link
 * org.quantalang.abi.call.Callback} and {@link org.quantalang.abi.call.CString} only, so that
 * {@code --enable-native-access=org.quantalang.abi} is all a program needs.
 */
@NullMarked
package org.quantalang.abi.call;

import org.jspecify.annotations.NullMarked;
