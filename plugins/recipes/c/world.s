# The description of the contract, for the linker that makes a component.
    .section ".custom_section.component-type:staunch","",@
    .incbin "../../sdk/src/world.bin"
